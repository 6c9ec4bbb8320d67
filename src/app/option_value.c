/* From an option's kind to the type of its field. */
#include "app/option_value.h"

#include <string.h>

#include "app/option_type.h"

static const struct option_type *const types[OPTION_KIND_COUNT] = {
    [OPTION_KIND_FLAG] = &option_type_flag,         [OPTION_KIND_INTEGER] = &option_type_number,
    [OPTION_KIND_DURATION] = &option_type_number,   [OPTION_KIND_KILOBYTES] = &option_type_number,
    [OPTION_KIND_CHOICE] = &option_type_choice,     [OPTION_KIND_PATH] = &option_type_string,
    [OPTION_KIND_HEX] = &option_type_string,        [OPTION_KIND_COMMENT] = &option_type_string,
    [OPTION_KIND_LISTEN] = &option_type_string,     [OPTION_KIND_BITS] = &option_type_bits,
    [OPTION_KIND_LISTEN_LIST] = &option_type_list,  [OPTION_KIND_ADDRESS_LIST] = &option_type_list,
    [OPTION_KIND_SUBNET_LIST] = &option_type_list,  [OPTION_KIND_NAME_LIST] = &option_type_list,
    [OPTION_KIND_PUBLISH_LIST] = &option_type_list, [OPTION_KIND_TARGET_LIST] = &option_type_list,
    [OPTION_KIND_CHOICE_LIST] = &option_type_list,
};

static const void *field_of(const struct options *o, const struct option_def *def)
{
    return (const char *)o + def->offset;
}

int option_value_parse(struct options *o, struct option_why *why, const struct option_def *def,
                       const char *text)
{
    return types[def->kind]->parse((char *)o + def->offset, why, def, text);
}

void option_value_clear(struct options *o, const struct option_def *def)
{
    types[def->kind]->clear((char *)o + def->offset);
}

size_t option_value_count(const struct options *o, const struct option_def *def)
{
    return types[def->kind]->count(field_of(o, def), def);
}

int option_value_print(struct buf *out, const struct options *o, const struct option_def *def,
                       size_t i)
{
    return types[def->kind]->print(out, field_of(o, def), def, i);
}

void option_value_swap(struct options *a, struct options *b, const struct option_def *def)
{
    size_t size = types[def->kind]->size;
    unsigned char kept[sizeof(struct option_list) + sizeof(struct option_bits)];

    memcpy(kept, field_of(a, def), size);
    memcpy((char *)a + def->offset, field_of(b, def), size);
    memcpy((char *)b + def->offset, kept, size);
}

bool option_value_equal(const struct options *a, const struct options *b,
                        const struct option_def *def)
{
    return types[def->kind]->equal(field_of(a, def), field_of(b, def));
}
