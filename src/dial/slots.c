#include "dial/slots.h"

#include "base/bug.h"

void slots_init(struct slots *s, unsigned max_peers, unsigned reserved_outbound)
{
    slots_resize(s, max_peers, reserved_outbound);
    atomic_init(&s->inbound, 0);
}

void slots_resize(struct slots *s, unsigned max_peers, unsigned reserved_outbound)
{
    atomic_store(&s->max_inbound,
                 max_peers > reserved_outbound ? max_peers - reserved_outbound : 0);
}

bool slots_take_inbound(struct slots *s)
{
    unsigned taken = atomic_load(&s->inbound);

    while (taken < atomic_load(&s->max_inbound))
        if (atomic_compare_exchange_weak(&s->inbound, &taken, taken + 1))
            return true;
    return false;
}

void slots_give_inbound(struct slots *s)
{
    unsigned taken = atomic_load(&s->inbound);

    do
        if (BUG(taken == 0))
            return;
    while (!atomic_compare_exchange_weak(&s->inbound, &taken, taken - 1));
}

bool slots_nearly_taken(const struct slots *s)
{
    return atomic_load(&s->inbound) + 1 >= atomic_load(&s->max_inbound);
}
