/* Servers to begin with, as Electrum ships them (its servers.json at 923578010e56, MIT).
 * Ports: 0 for none. Nothing here is dialled but by the peer manager. */
#include "electrum/peers/builtin.h"

#include <string.h>

static const struct builtin_server mainnet[] = {
    {"104.248.139.211", 50001, 50002},
    {"128.0.190.26", 0, 50002},
    {"142.93.6.38", 50001, 50002},
    {"157.245.172.236", 50001, 50002},
    {"159.65.53.177", 50001, 0},
    {"167.172.42.31", 50001, 50002},
    {"188.230.155.0", 50001, 50002},
    {"22mgr2fndslabzvx4sj7ialugn2jv3cfqjb3dnj67a6vnrkp7g4l37ad.onion", 50001, 0},
    {"2azzarita.hopto.org", 50001, 50002},
    {"2electrumx.hopto.me", 56021, 56022},
    {"2ex.digitaleveryware.com", 0, 50002},
    {"37.205.9.165", 0, 50002},
    {"5.9.83.108", 0, 50002},
    {"68.183.188.105", 50001, 50002},
    {"73.92.198.54", 0, 50002},
    {"89.248.168.53", 50001, 50002},
    {"e-x.not.fyi", 50001, 50002},
    {"vps.hsmiths.com", 50001, 50002},
    {"alviss.coinjoined.com", 50001, 50002},
    {"assuredly.not.fyi", 0, 50002},
    {"bejqtnc64qttdempkczylydg7l3ordwugbdar7yqbndck53ukx7wnwad.onion", 50001, 50002},
    {"bitcoin.aranguren.org", 50001, 50002},
    {"bitcoin.lu.ke", 50001, 50002},
    {"bitcoins.sk", 56001, 56002},
    {"blackie.c3-soft.com", 57001, 57002},
    {"blkhub.net", 0, 50002},
    {"blockstream.info", 110, 700},
    {"btc.electroncash.dk", 60001, 60002},
    {"btc.litepay.ch", 0, 50002},
    {"btc.ocf.sh", 0, 50002},
    {"btce.iiiiiii.biz", 50001, 50002},
    {"de.poiuty.com", 50004, 50002},
    {"e.keff.org", 50001, 50002},
    {"e2.keff.org", 50001, 50002},
    {"eai.coincited.net", 50001, 50002},
    {"ecdsa.net", 50001, 110},
    {"egyh5mutxwcvwhlvjubf6wytwoq5xxvfb2522ocx77puc6ihmffrh6id.onion", 50001, 50002},
    {"electrum.bitaroo.net", 50001, 50002},
    {"electrum.blockstream.info", 50001, 50002},
    {"electrum.dcn.io", 50001, 50002},
    {"electrum.diynodes.com", 0, 50022},
    {"electrum.emzy.de", 0, 50002},
    {"electrum.hodlister.co", 0, 50002},
    {"electrum.hsmiths.com", 50001, 50002},
    {"electrum.jhoenicke.de", 50001, 50002},
    {"electrum.pabu.io", 0, 50002},
    {"electrum.qtornado.com", 50001, 50002},
    {"electrum3.hodlister.co", 0, 50002},
    {"electrum5.hodlister.co", 0, 50002},
    {"electrumx.alexridevski.net", 50001, 50002},
    {"electrumx.erbium.eu", 50001, 50002},
    {"electrumx.schulzemic.net", 50001, 50002},
    {"elx.bitske.com", 50001, 50002},
    {"ex.btcmp.com", 0, 50002},
    {"ex03.axalgo.com", 0, 50002},
    {"explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion", 110, 0},
    {"exs.dyshek.org", 50001, 50002},
    {"fortress.qtornado.com", 0, 443},
    {"fulcrum.grey.pw", 51001, 51002},
    {"fulcrum.sethforprivacy.com", 0, 50002},
    {"gall.pro", 0, 50002},
    {"guichet.centure.cc", 50001, 50002},
    {"hodlers.beer", 0, 50002},
    {"horsey.cryptocowboys.net", 50001, 50002},
    {"kareoke.qoppa.org", 50001, 50002},
    {"kittycp2gatrqhlwpmbczk5rblw62enrpo2rzwtkfrrr27hq435d4vid.onion", 50001, 50002},
    {"node.degga.net", 0, 50002},
    {"node1.btccuracao.com", 50001, 50002},
    {"nuzzg3pku3xbctgamzq3pf7ztakkiidnmmier64arqwh3ajdddovatad.onion", 0, 50002},
    {"qly7g5n5t3f3h23xvbp44vs6vpmayurno4basuu5rcvrupli7y2jmgid.onion", 50001, 50002},
    {"rzspa374ob3hlyjptkdgz6a62wim2mpanuw6m3shlwn2cxg2smy3p7yd.onion", 50003, 50004},
    {"skbxmit.coinjoined.com", 50001, 50002},
    {"smmalis37.ddns.net", 0, 50002},
    {"stavver.dyshek.org", 50001, 50002},
    {"tardis.bauerj.eu", 50001, 50002},
    {"ty6cgwaf2pbc244gijtmpfvte3wwfp32wgz57eltjkgtsel2q7jufjyd.onion", 50001, 50002},
    {"udfpzbte2hommnvag5f3qlouqkhvp3xybhlus2yvfeqdwlhjroe4bbyd.onion", 60001, 60002},
    {"v7gtzf7nua6hdmb2wtqaqioqmesdb4xrlly4zwr7bvayxv2bpg665pqd.onion", 50001, 0},
    {"v7o2hkemnt677k3jxcbosmjjxw3p5khjyu7jwv7orfy6rwtkizbshwqd.onion", 57001, 0},
    {"venmrle3xuwkgkd42wg7f735l6cghst3sdfa3w3ryib2rochfhld6lid.onion", 50001, 50002},
    {"vmd71287.contaboserver.net", 0, 50002},
    {"vmd84592.contaboserver.net", 0, 50002},
    {"wsw6tua3xl24gsmi264zaep6seppjyrkyucpsmuxnjzyt3f3j6swshad.onion", 50001, 50002},
    {"xtrum.com", 50001, 50002},
};

static const struct builtin_server testnet3[] = {
    {"3tc6nefii2fwoc66dqvrwcyj64dd3r35ihgxvp4u37itsopns5fjtead.onion", 50001, 50002},
    {"blackie.c3-soft.com", 57005, 57006},
    {"blockstream.info", 143, 993},
    {"electrum.blockstream.info", 60001, 60002},
    {"explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion", 143, 0},
    {"gsw6sn27quwf6u3swgra6o7lrp5qau6kt3ymuyoxgkth6wntzm2bjwyd.onion", 51001, 51002},
    {"testnet.aranguren.org", 51001, 51002},
    {"testnet.qtornado.com", 51001, 51002},
    {"v22019051929289916.bestsrv.de", 50001, 50002},
};

static const struct builtin_server testnet4[] = {
    {"134.199.227.217", 50001, 50002},
    {"bitcoin.stagemole.eu", 5000, 5010},
    {"blackie.c3-soft.com", 57009, 57010},
    {"fulcrum.theuplink.net", 0, 60002},
    {"gsw6sn27quwf6u3swgra6o7lrp5qau6kt3ymuyoxgkth6wntzm2bjwyd.onion", 52001, 52002},
    {"testnet4.qtornado.com", 51011, 51012},
    {"v22019051929289916.bestsrv.de", 60001, 60002},
};

const struct builtin_server *builtin_servers(size_t *n, const char *network)
{
    static const struct {
        const char *network;
        const struct builtin_server *servers;
        size_t n;
    } lists[] = {
        {"mainnet", mainnet, sizeof mainnet / sizeof mainnet[0]},
        {"testnet3", testnet3, sizeof testnet3 / sizeof testnet3[0]},
        {"testnet4", testnet4, sizeof testnet4 / sizeof testnet4[0]},
    };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (strcmp(lists[i].network, network) == 0) {
            *n = lists[i].n;
            return lists[i].servers;
        }
    *n = 0;
    return NULL;
}
