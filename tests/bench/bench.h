/* The bench prints one line per figure, NAME VALUE UNIT, and beside every rate its ratio to the
 * calibration loop of the same run (sha256d of 80 bytes on one thread), since machines differ. */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

/* Calibration: sha256d of 80 bytes, per second, measured once per run. */
double bench_calibration(void);

/* Print NAME VALUE UNIT/s and the ratio to the calibration. */
void bench_rate(const char *name, double per_second, const char *unit);

/* Print NAME VALUE UNIT, without a ratio (memory, durations). */
void bench_value(const char *name, double value, const char *unit);

/* Monotonic seconds. */
double bench_now(void);

/* Run fn(arg), which returns a figure, `runs` times and give the median. */
double bench_median(int runs, double (*fn)(void *arg), void *arg);

/* One group of figures per file. */
void bench_addrbook(void);
void bench_chan(void);
void bench_wire(void);
void bench_chain(void);
void bench_discv4(void);
void bench_rlpx(void);
void bench_txrelay(void);
void bench_headers(void);
void bench_electrum(void); /* likewise */
void bench_eth(void);      /* likewise */
void bench_eth_peers(void);
void bench_node(void); /* the process named by $P2PNODE */
void bench_blocks(void);
void bench_block_relay(void); /* likewise */

#endif
