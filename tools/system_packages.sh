#!/bin/sh
# What the tests need beside Python packages: DCMTK and Orthanc as peers, OpenJPEG and libjxl as second decoders,
# sslscan for what TLS speaks, Chromium for the pages, and libatomic for the driver that moves it.
# As root on Debian they are installed; elsewhere the missing ones are named.
set -u
missing=""
command -v storescu >/dev/null 2>&1 || missing="$missing dcmtk"
command -v opj_decompress >/dev/null 2>&1 || missing="$missing libopenjp2-tools"
command -v djxl >/dev/null 2>&1 || missing="$missing libjxl-tools"
command -v Orthanc >/dev/null 2>&1 || missing="$missing orthanc"
[ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || missing="$missing orthanc-dicomweb"
command -v sslscan >/dev/null 2>&1 || missing="$missing sslscan"
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || ls /usr/lib*/libatomic.so.1 /usr/lib/*/libatomic.so.1 2>/dev/null | grep -q . || missing="$missing libatomic1"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 - a list of names
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null && exit 0
fi
echo "The tests need these programs, which are not installed:$missing" >&2
exit 1
