/* Completion for bash and zsh. Neither needs anything but the shell. */
#include <string.h>

#include "app/option_output.h"

enum { COMPLETION_WIDTH = 79 };

static bool is_shown(const struct option_def *def)
{
    return !(def->flags & OPTION_HIDDEN);
}

static bool is_directory(const struct option_def *def)
{
    return def->kind == OPTION_KIND_PATH && strcmp(def->placeholder, "DIR") == 0;
}

static void print_choices(struct buf *out, const struct option_def *def)
{
    for (const char *const *choice = def->choices; *choice; choice++)
        buf_printf(out, "%s%s", choice == def->choices ? "" : " ", *choice);
}

/* All words that can stand for an option; one that needs a value ends in an equals sign. */
static int collect_words(struct buf *words)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table[i];

        if (!is_shown(def))
            continue;
        if (!def->placeholder || def->implied)
            buf_printf(words, " --%s", def->name);
        if (def->placeholder)
            buf_printf(words, " --%s= --no-%s", def->name, def->name);
    }
    return words->err;
}

/* The cases of the bash function: what each option's value completes to. */
static void print_bash_values(struct buf *out)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct option_def *def = &option_table[i];

        if (!is_shown(def) || (!def->choices && def->kind != OPTION_KIND_PATH))
            continue;
        buf_printf(out, "    --%s)\n", def->name);
        if (def->choices) {
            buf_puts(out, "        mapfile -t COMPREPLY < <(compgen -W '");
            print_choices(out, def);
            buf_puts(out, "' -- \"$cur\")\n");
        } else {
            buf_printf(out,
                       "        compopt -o filenames\n"
                       "        mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")\n",
                       is_directory(def) ? 'd' : 'f');
        }
        buf_puts(out, "        ;;\n");
    }
}

static int print_bash_words(struct buf *out)
{
    struct buf words;
    int err;

    buf_init(&words, 1 << 16);
    err = collect_words(&words);
    if (err == 0 && buf_cstr(&words))
        option_print_filled(out, buf_cstr(&words), 4, COMPLETION_WIDTH, "            ");
    else
        out->err = words.err;
    buf_free(&words);
    return out->err;
}

int option_print_bash(struct buf *out)
{
    buf_puts(out, "# bash completion for p2pnode(1), generated from its option table.\n"
                  "_p2pnode()\n"
                  "{\n"
                  "    local cur=${COMP_WORDS[COMP_CWORD]} option=\n"
                  "\n"
                  "    # Readline breaks --KEY=VALUE into three words: --KEY, = and VALUE.\n"
                  "    if [[ $cur == = ]]; then\n"
                  "        option=${COMP_WORDS[COMP_CWORD - 1]}\n"
                  "        cur=\n"
                  "    elif ((COMP_CWORD >= 2)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then\n"
                  "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
                  "    fi\n"
                  "    COMPREPLY=()\n"
                  "    case $option in\n");
    print_bash_values(out);
    buf_puts(out, "    '')\n"
                  "        mapfile -t COMPREPLY < <(compgen -W '\n"
                  "            ");
    print_bash_words(out);
    return buf_puts(out, "' -- \"$cur\")\n"
                         "        if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then\n"
                         "            compopt -o nospace\n"
                         "        fi\n"
                         "        ;;\n"
                         "    esac\n"
                         "}\n"
                         "complete -F _p2pnode p2pnode\n");
}

/* Text inside the quotes and brackets of an _arguments specification. */
static void print_zsh_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            buf_puts(out, "'\\'");
        else if (strchr("[]:\\", *text))
            buf_puts(out, "\\");
        buf_append(out, text, 1);
    }
}

static void print_zsh_option(struct buf *out, const struct option_def *def)
{
    buf_puts(out, " \\\n    '");
    if (def->short_name)
        buf_printf(out, "(-%c --%s)'{-%c,--%s}'", def->short_name, def->name, def->short_name,
                   def->name);
    else
        buf_printf(out, "%s--%s%s", option_is_list(def) ? "*" : "", def->name,
                   def->placeholder ? "=-" : "");
    buf_puts(out, "[");
    print_zsh_text(out, def->help);
    buf_puts(out, "]");
    if (def->placeholder) {
        buf_puts(out, def->implied ? "::" : ":");
        print_zsh_text(out, def->placeholder);
        buf_puts(out, ":");
        if (def->choices) {
            buf_puts(out, "(");
            print_choices(out, def);
            buf_puts(out, ")");
        } else if (def->kind == OPTION_KIND_PATH) {
            buf_puts(out, is_directory(def) ? "_files -/" : "_files");
        }
    }
    buf_puts(out, "'");
    if (def->placeholder)
        buf_printf(out, " \\\n    '--no-%s[without --%s]'", def->name, def->name);
}

int option_print_zsh(struct buf *out)
{
    buf_puts(out, "#compdef p2pnode\n"
                  "# zsh completion for p2pnode(1), generated from its option table.\n"
                  "_arguments");
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (is_shown(&option_table[i]))
            print_zsh_option(out, &option_table[i]);
    return buf_puts(out, "\n");
}
