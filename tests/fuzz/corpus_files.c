/* Seeds for the targets of fuzz_files.c. */
#include "codec/hex.h"
#include "fuzz.h"

enum { MAP_BYTES_MAX = 512 };

static bool put_texts(const char *dir, const char *target, const char *const *texts)
{
    bool done = true;

    for (unsigned n = 0; texts[n]; n++)
        done &= fuzz_corpus_put(dir, target, (const uint8_t *)texts[n], strlen(texts[n]), n);
    return done;
}

static const char *const addresses[] = {
    "127.0.0.1:8333",
    "[2001:db8::1]:18444",
    "::ffff:10.0.0.1",
    "fc00::1",
    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333",
    "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p",
    "Node.Example:8333",
    "a.pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:1",
    "10.0.0.0/8",
    "2001:db8::/33",
    NULL,
};

/* As people write them (tests/bitcoin/address). */
static const char *const written[] = {
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "BC1SW50QGDZ25J",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i",
    "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br",
    "1111111111111111111114oLvT2",
    NULL,
};

static const char *const documents[] = {
    "{\"a\": [1, -2, 9223372036854775807, {\"b\": null}], \"c\": \"text\", \"d\": true}",
    "[[[[[[[[[[]]]]]]]]]] ",
    "{\"escaped \\u00e9 \\\" key\": [\"\\n\", 1.5e-3, false, {}]}",
    "\"only a text\"",
    NULL,
};

/* btcd's form, which has no checksum, so that a changed byte gets further than that. */
static const char *const books[] = {
    "{\"Version\":2,\"Key\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"
    "27,"
    "28,29,30,31,32],\"Addresses\":[{\"Addr\":\"250.1.1.1:8333\",\"Src\":\"250.2.2.2:8333\","
    "\"Attempts\":3,\"TimeStamp\":1700000000,\"LastAttempt\":1700000001,\"LastSuccess\":"
    "1700000002,\"Services\":9,\"SrcServices\":9},{\"Addr\":\"[2a02::1]:1\",\"Src\":"
    "\"250.2.2.2:8333\",\"Attempts\":0,\"TimeStamp\":1700000000,\"LastAttempt\":-62135596800,"
    "\"LastSuccess\":-62135596800,\"Services\":1,\"SrcServices\":1}],\"NewBuckets\":[[\"[2a02::1]:1"
    "\"]],\"TriedBuckets\":[[\"250.1.1.1:8333\"]]}",
    "{\"Version\":1,\"Key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"
    "\"Addresses\":null,\"NewBuckets\":[],\"TriedBuckets\":[]}",
    "{\"Version\":2,\"Key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"
    "\"Addresses\":[],\"NewBuckets\":[],\"TriedBuckets\":[],\"P2pnode\":{\"Asmap\":\"\","
    "\"Addresses\":[]},\"Checksum\":\"00\"}",
    NULL,
};

/* asmap_test_vectors in netbase_tests.cpp of the reference implementation. */
static const char map[] =
    "fd38d50f7d5d665357f64bba6bfc190d6078a7e68e5d3ac032edf47f8b5755f87881bfd3633d9aa7c1fa279b3"
    "6fe26c63bbc9de44e0f04e5a382d8e1cddbe1c26653bc939d4327f287e8b4d1f8aff33176787cb0ff7cb28e3f"
    "daef0f8f47357f801c9f7ff7a99f7f9c9f99de7f3156ae00f23eb27a303bc486aa3ccc31ec19394c2f8a53ddd"
    "ea3cc56257f3b7e9b1f488be9c1137db823759aa4e071eef2e984aaf97b52d5f88d0f373dd190fe45e06efef1"
    "df7278be680a73a74c76db4dd910f1d30752c57fe2bc9f079f1a1e1b036c2a69219f11c5e11980a3fa51f4f82"
    "d36373de73b1863a8c27e36ae0e4f705be3d76ecff038a75bc0f92ba7e7f6f4080f1c47c34d095367ecf4406c"
    "1e3bbc17ba4d6f79ea3f031b876799ac268b1e0ea9babf0f9a8e5f6c55e363c6363df46afc696d7afceaf49b6"
    "e62df9e9dc27e70664cafe5c53df66dd0b8237678ada90e73f05ec60e6f6e96c3cbb1ea2f9dece115d5bdba10"
    "33e53662a7d72a29477b5beb35710591d3e23e5f0379baea62ffdee535bcdf879cbf69b88d7ea37c8015381cf"
    "63dc33d28f757a4a5e15d6a08";

static bool make_maps(const char *dir)
{
    /* Returns a number at once; and one for each half of all addresses. */
    static const uint8_t small[][8] = {{0x00}, {0x40, 0x00}, {0xff, 0xff, 0xff}};
    uint8_t data[MAP_BYTES_MAX];
    size_t len = strlen(map) / 2;
    bool done = len <= sizeof data && hex_decode(data, len, map) == 0 &&
                fuzz_corpus_put(dir, "asmap", data, len, 0);

    for (unsigned i = 0; i < sizeof small / sizeof small[0]; i++)
        done &= fuzz_corpus_put(dir, "asmap", small[i], sizeof small[i], i + 1);
    return done;
}

bool fuzz_corpus_make_files(const char *dir)
{
    return put_texts(dir, "net_addr", addresses) && put_texts(dir, "json_scan", documents) &&
           put_texts(dir, "address", written) && put_texts(dir, "peers_json", books) &&
           make_maps(dir);
}
