/* With what the Electrum server shows who it is, over TLS. */
#ifndef APP_NODE_ELECTRUM_CERTIFICATE_H
#define APP_NODE_ELECTRUM_CERTIFICATE_H

struct node;
struct options;
struct tls_context;

/* The certificate that the options `o` name, or the one in the data directory, made when it is
 * missing. Thread: loop, or before it runs; reads and writes files. Owns: the caller frees *out,
 * which is NULL when nobody is listened to over TLS. Returns: 0 or a pn_err, which has been logged.
 */
int node_electrum_certificate(struct tls_context **out, const struct node *n,
                              const struct options *o);

#endif
