dnl SPDX-License-Identifier: BSD-2-Clause
dnl Probes of libinet's configure: each that fails says which package to install.

dnl INET_PKG(VARIABLE, PKG-CONFIG MODULE, DEBIAN PACKAGE, WHAT IT IS FOR)
AC_DEFUN([INET_PKG], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([$2 was not found; it is needed for $4. Install the package $3 (scripts/deps does).])])
])

dnl INET_LINKS(FUNCTION, LIBRARIES, THEIR NAME, WHAT IT IS FOR)
AC_DEFUN([INET_LINKS], [
	AC_MSG_CHECKING([whether $3 has $1])
	inet_save_LIBS=$LIBS
	LIBS="$2 $LIBS"
	AC_LINK_IFELSE([AC_LANG_CALL([], [$1])], [AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		AC_MSG_ERROR([This $3 has no $1; it is needed for $4.])])
	LIBS=$inet_save_LIBS
])

dnl INET_FEATURE(NAME, SHELL VARIABLE, HELP): --enable-NAME, off by default
AC_DEFUN([INET_FEATURE], [
	AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$3])],
		[$2=$enableval], [$2=no])
	INET_YES_OR_NO([--enable-$1], [$$2])
])

dnl INET_YES_OR_NO(OPTION, VALUE): nothing else is understood
AC_DEFUN([INET_YES_OR_NO], [
	AS_CASE([$2], [yes|no], [],
		[AC_MSG_ERROR([$1=$2: the value is yes or no])])
])

dnl INET_CFLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler takes it
AC_DEFUN([INET_CFLAG], [
	AC_MSG_CHECKING([whether $CC takes $2])
	inet_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[extern int inet_conftest;]])],
		[AC_MSG_RESULT([yes]); $1="$$1 $2"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$inet_save_CFLAGS
])

dnl INET_SANITIZER(FLAGS, NAME, DEBIAN PACKAGE FOR CLANG): a program must link
AC_DEFUN([INET_SANITIZER], [
	AC_MSG_CHECKING([whether $CC links with $1])
	inet_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		AC_MSG_ERROR([$CC cannot link $1, asked for by --enable-$2. With clang, install the package $3.])])
	CFLAGS=$inet_save_CFLAGS
	SAN_CFLAGS="$SAN_CFLAGS $1"
])
