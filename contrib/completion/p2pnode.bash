# bash completion for p2pnode(1), generated from its option table.
_p2pnode()
{
    local cur=${COMP_WORDS[COMP_CWORD]} option=

    # Readline breaks --KEY=VALUE into three words: --KEY, = and VALUE.
    if [[ $cur == = ]]; then
        option=${COMP_WORDS[COMP_CWORD - 1]}
        cur=
    elif ((COMP_CWORD >= 2)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    case $option in
    --conf)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --datadir)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        ;;
    --pidfile)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --bitcoin)
        mapfile -t COMPREPLY < <(compgen -W 'mainnet testnet3 testnet4 signet regtest' -- "$cur")
        ;;
    --tx-relay)
        mapfile -t COMPREPLY < <(compgen -W 'off trusted on' -- "$cur")
        ;;
    --blocks)
        mapfile -t COMPREPLY < <(compgen -W 'recent none' -- "$cur")
        ;;
    --ethereum)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --eth-import)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --eth-static)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --eth-trusted)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --eth-bootnodes)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --eth-dnsdisc)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-certificate)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-key)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-banner)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-donation-address)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-server)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-announce)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --electrum-blacklist)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --ntp-server)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --nat)
        mapfile -t COMPREPLY < <(compgen -W 'any pcp natpmp upnp' -- "$cur")
        ;;
    --asmap)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --proxy-user)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --proxy-password)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --onion-user)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --onion-password)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --onlynet)
        mapfile -t COMPREPLY < <(compgen -W 'ipv4 ipv6 onion i2p cjdns' -- "$cur")
        ;;
    --api-cookie-file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --api-user)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --api-password)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --event-log)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --log-level)
        mapfile -t COMPREPLY < <(compgen -W 'error warn info debug trace' -- "$cur")
        ;;
    --log-file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --log-format)
        mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
        ;;
    '')
        mapfile -t COMPREPLY < <(compgen -W '
            --conf= --no-conf --datadir= --no-datadir --pidfile= --no-pidfile --sandbox
            --bitcoin --bitcoin= --no-bitcoin --signet-challenge=
            --no-signet-challenge --minimum-chain-work= --no-minimum-chain-work
            --listen= --no-listen --connect= --no-connect --addnode=
            --no-addnode --seednode= --no-seednode --dnsseed --fixedseeds
            --externalip= --no-externalip --discover --tx-relay --tx-relay=
            --no-tx-relay --generate= --no-generate --blocks= --no-blocks
            --prune= --no-prune --blockfilterindex --peerblockfilters
            --blockfilterheaders --peerbloomfilters --advertise-services=
            --no-advertise-services --user-agent-comment=
            --no-user-agent-comment --ethereum --ethereum= --no-ethereum
            --eth-networkid= --no-eth-networkid --eth-import= --no-eth-import
            --eth-head= --no-eth-head --eth-receipts --eth-verify-seals
            --eth-legacy --eth-listen= --no-eth-listen --eth-maxpeers=
            --no-eth-maxpeers --eth-static= --no-eth-static --eth-trusted=
            --no-eth-trusted --eth-external= --no-eth-external --eth-bootnodes=
            --no-eth-bootnodes --eth-dnsdisc --eth-dnsdisc= --no-eth-dnsdisc
            --electrum --electrum-listen= --no-electrum-listen
            --electrum-tls-listen= --no-electrum-tls-listen
            --electrum-certificate= --no-electrum-certificate --electrum-key=
            --no-electrum-key --electrum-banner= --no-electrum-banner
            --electrum-donation-address= --no-electrum-donation-address
            --electrum-peers --electrum-server= --no-electrum-server
            --electrum-announce= --no-electrum-announce --electrum-blacklist=
            --no-electrum-blacklist --electrum-blacklist-interval=
            --no-electrum-blacklist-interval --electrum-allow-private
            --electrum-sessions= --no-electrum-sessions
            --electrum-sessions-per-address= --no-electrum-sessions-per-address
            --electrum-idle-timeout= --no-electrum-idle-timeout
            --electrum-cost-soft= --no-electrum-cost-soft --electrum-cost-hard=
            --no-electrum-cost-hard --electrum-max-tokens=
            --no-electrum-max-tokens --electrum-rate-limit-window-seconds=
            --no-electrum-rate-limit-window-seconds
            --electrum-rate-limit-delay-after=
            --no-electrum-rate-limit-delay-after
            --electrum-rate-limit-delay-ms= --no-electrum-rate-limit-delay-ms
            --ntp-server= --no-ntp-server --nat --nat= --no-nat --maxpeers=
            --no-maxpeers --outbound= --no-outbound --block-relay=
            --no-block-relay --asmap= --no-asmap --netrestrict=
            --no-netrestrict --proxy= --no-proxy --proxy-user= --no-proxy-user
            --proxy-password= --no-proxy-password --onion= --no-onion
            --onion-user= --no-onion-user --onion-password= --no-onion-password
            --tor-isolation --i2psam= --no-i2psam --i2pacceptincoming
            --onlynet= --no-onlynet --cjdns-reachable --whitelist=
            --no-whitelist --bantime= --no-bantime --max-send-buffer=
            --no-max-send-buffer --handshake-timeout= --no-handshake-timeout
            --idle-timeout= --no-idle-timeout --ping-interval=
            --no-ping-interval --stall-tick= --no-stall-tick --stall-timeout=
            --no-stall-timeout --trickle-interval= --no-trickle-interval
            --gossip-interval= --no-gossip-interval --write-timeout=
            --no-write-timeout --connect-timeout= --no-connect-timeout
            --retry-interval= --no-retry-interval --retry-max= --no-retry-max
            --api-listen= --no-api-listen --api-allow= --no-api-allow
            --api-cookie-file= --no-api-cookie-file --api-user= --no-api-user
            --api-password= --no-api-password --event-log= --no-event-log
            --zmqpubhashblock= --no-zmqpubhashblock --zmqpubhashblockhwm=
            --no-zmqpubhashblockhwm --zmqpubrawblock= --no-zmqpubrawblock
            --zmqpubrawblockhwm= --no-zmqpubrawblockhwm --zmqpubhashtx=
            --no-zmqpubhashtx --zmqpubhashtxhwm= --no-zmqpubhashtxhwm
            --zmqpubrawtx= --no-zmqpubrawtx --zmqpubrawtxhwm=
            --no-zmqpubrawtxhwm --zmqpubsequence= --no-zmqpubsequence
            --zmqpubsequencehwm= --no-zmqpubsequencehwm --log-level=
            --no-log-level --log-file= --no-log-file --log-format=
            --no-log-format --check-config --print-config --version --help' -- "$cur")
        if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then
            compopt -o nospace
        fi
        ;;
    esac
}
complete -F _p2pnode p2pnode
