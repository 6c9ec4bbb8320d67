/* The system calls that are let through (seccomp(2), by libseccomp). */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

/* Put the filter in force for this thread and those it starts. Returns: 0 and how many calls it
 * knows, 0 of them in a build without libseccomp or on a kernel without seccomp; PN_ENOMEM;
 * PN_ESYS. */
int filter_load(unsigned *n_calls);

#endif
