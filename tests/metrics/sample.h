/* A registry with one family of each kind and awkward texts, for the tests of the exposition. */
#ifndef TESTS_METRICS_SAMPLE_H
#define TESTS_METRICS_SAMPLE_H

/* Register and fill the families below. */
void sample_fill(void);

#endif
