/* What is published by ZeroMQ, with the topics and bodies of bitcoind (its doc/zmq.md): the options
 * zmqpub* name the places. */
#ifndef APP_NODE_ZMQ_H
#define APP_NODE_ZMQ_H

#include "rpc/rpc.h"

struct node;

/* Bind the places and start publishing; nothing when no option names one. Thread: the main thread,
 * after node_build and before bitcoin_start. Returns: 0 or a pn_err, which has been logged. */
int node_zmq_open(struct node *n);

/* Thread: the main thread, when neither the chain nor the pool can change any more. */
void node_zmq_close(struct node *n);

/* getzmqnotifications, in bitcoind's form. Thread: rpc. */
void node_zmq_notifications(struct rpc_call *c);

#endif
