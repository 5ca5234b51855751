#!/bin/sh
# As of curl's image: options alone are curl's.
set -e
case ${1:-} in
  -*|"") set -- curl "$@" ;;
esac
exec "$@"
