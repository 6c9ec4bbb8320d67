#include "ethereum/p2p/reason.h"

#include "base/err.h"

static bool say(enum rlpx_disconnect *out, enum rlpx_disconnect what)
{
    *out = what;
    return true;
}

/* The remote side is gone, has parted itself, does not read, or cannot be understood. */
static bool is_silent(int reason)
{
    switch (reason) {
    case PN_EEOF:
    case PN_ERESET:
    case PN_ESLOW:
    case PN_EIO:
    case PN_ESYS:
    case PN_EHANDSHAKE:
    case PN_EMAC:
        return true;
    default:
        return reason >= PN_EREMOTE_REQUESTED && reason <= PN_EREMOTE_OTHER;
    }
}

bool p2p_reason_to_wire(enum rlpx_disconnect *out, int reason, bool in_subprotocol)
{
    if (is_silent(reason))
        return false;
    switch (reason) {
    case PN_EQUIT:
        return say(out, RLPX_DISC_QUITTING);
    case PN_EIDLE:
    case PN_ETIMEDOUT:
    case PN_ESTALLED:
        return say(out, RLPX_DISC_TIMEOUT);
    case PN_EUSELESS:
        return say(out, RLPX_DISC_USELESS);
    case PN_EFULL:
    case PN_ELIMIT:
    case PN_EEVICTED:
        return say(out, RLPX_DISC_TOO_MANY);
    case PN_ECONNECTED:
        return say(out, RLPX_DISC_CONNECTED);
    case PN_EVERSION:
        return say(out, RLPX_DISC_INCOMPATIBLE);
    case PN_EIDENTITY:
        return say(out, RLPX_DISC_UNEXPECTED_IDENTITY);
    case PN_ESELF:
        return say(out, RLPX_DISC_SELF);
    case PN_EDONE:
    case PN_ENOMEM:
        return say(out, RLPX_DISC_REQUESTED);
    default:
        return say(out, in_subprotocol ? RLPX_DISC_SUBPROTOCOL : RLPX_DISC_BREACH);
    }
}

int p2p_reason_from_wire(unsigned number)
{
    switch (number) {
    case RLPX_DISC_REQUESTED:
        return PN_EREMOTE_REQUESTED;
    case RLPX_DISC_NETWORK:
        return PN_EREMOTE_NETWORK;
    case RLPX_DISC_BREACH:
        return PN_EREMOTE_BREACH;
    case RLPX_DISC_USELESS:
        return PN_EREMOTE_USELESS;
    case RLPX_DISC_TOO_MANY:
        return PN_EREMOTE_FULL;
    case RLPX_DISC_CONNECTED:
        return PN_EREMOTE_CONNECTED;
    case RLPX_DISC_INCOMPATIBLE:
        return PN_EREMOTE_VERSION;
    case RLPX_DISC_INVALID_IDENTITY:
    case RLPX_DISC_UNEXPECTED_IDENTITY:
        return PN_EREMOTE_IDENTITY;
    case RLPX_DISC_QUITTING:
        return PN_EREMOTE_QUITTING;
    case RLPX_DISC_SELF:
        return PN_EREMOTE_SELF;
    case RLPX_DISC_TIMEOUT:
        return PN_EREMOTE_TIMEOUT;
    case RLPX_DISC_SUBPROTOCOL:
        return PN_EREMOTE_SUBPROTOCOL;
    default:
        return PN_EREMOTE_OTHER;
    }
}
