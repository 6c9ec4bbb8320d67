/* The environment: P2PNODE_KEY=VALUE. Some options have a second name, from programs that people
 * come from; the first one goes before it.
 *
 * An unknown P2PNODE_ variable is a warning, not an error: orchestrators put variables of their own
 * into a service's environment under the service's name (Kubernetes: P2PNODE_SERVICE_HOST).
 * P2PNODE_TEST_ is reserved for the project's tests. */
#include <string.h>

#include "app/option_settings.h"
#include "base/err.h"

static const char test_prefix[] = OPTION_VARIABLE_PREFIX "TEST_";

static const struct option_def *find(enum option_id *id, const char *name, size_t name_len)
{
    char variable[OPTION_VARIABLE_BYTES];

    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        option_variable(variable, &option_table[i]);
        if (!(option_table[i].flags & OPTION_NOT_IN_ENVIRONMENT) && strlen(variable) == name_len &&
            memcmp(variable, name, name_len) == 0) {
            *id = (enum option_id)i;
            return &option_table[i];
        }
    }
    return NULL;
}

static int add_one(struct settings *out, struct option_report *report, const char *entry)
{
    size_t name_len = strcspn(entry, "=");
    enum option_id id;
    int err;

    if (strncmp(entry, test_prefix, sizeof test_prefix - 1) == 0 || !entry[name_len])
        return 0;
    if (!find(&id, entry, name_len))
        return option_report_warning(report, "%.*s in the environment is no option", (int)name_len,
                                     entry);
    err = settings_add(out, OPTION_FROM_ENVIRONMENT, id, 0, entry + name_len + 1);
    if (err == PN_ELIMIT)
        return option_report_error(report, STATUS_CONFIG, "too many variables");
    return err;
}

static const char *value_of(char *const *envp, const char *name)
{
    size_t len = strlen(name);

    for (; *envp; envp++)
        if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
            return *envp + len + 1;
    return NULL;
}

static int add_second_names(struct settings *out, char *const *envp)
{
    int err = 0;

    for (unsigned i = 0; i < OPTION_COUNT && err == 0; i++) {
        const char *name = option_table[i].variable, *value = name ? value_of(envp, name) : NULL;

        if (value)
            err = settings_add(out, OPTION_FROM_ENVIRONMENT, (enum option_id)i,
                               SETTING_BY_SECOND_NAME, value);
    }
    return err;
}

int settings_from_environment(struct settings *out, struct option_report *report, char *const *envp)
{
    int err = envp ? add_second_names(out, envp) : 0;

    for (; envp && *envp && err == 0; envp++)
        if (strncmp(*envp, OPTION_VARIABLE_PREFIX, strlen(OPTION_VARIABLE_PREFIX)) == 0)
            err = add_one(out, report, *envp);
    return err;
}
