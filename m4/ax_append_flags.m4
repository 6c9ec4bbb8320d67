# AX_APPEND_FLAGS(VARIABLE, CFLAGS|LDFLAGS, FLAGS)
# Append to VARIABLE each of FLAGS that the compiler (or the linker) takes without complaint.
AC_DEFUN([AX_APPEND_FLAGS], [
    for pn_flag in $3; do
        AC_MSG_CHECKING([whether $CC takes $pn_flag])
        pn_saved_$2="$$2"
        # An unknown -W or -f option is only a warning to clang: make it an error here.
        $2="$$2 -Werror $pn_flag"
        AC_LINK_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])],
            [$1="$$1 $pn_flag"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
        $2="$pn_saved_$2"
    done
])
