#!/bin/sh
# Makes an authority for tests, and a key with its certificate for each name: DIR/authority.pem, DIR/NAME.key, DIR/NAME.pem.
# A name that was made before is made anew by the same authority. Not for use with patients: the keys have no password.
set -eu
[ $# -ge 2 ] || { echo "usage: make_test_authority.sh DIR NAME..." >&2; exit 2; }
folder=$1
shift
umask 077
mkdir -p "$folder"
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
if [ ! -e "$folder/authority.key" ]; then
    new_key "$folder/authority.key"
    openssl req -x509 -new -key "$folder/authority.key" -days 365 -subj "/O=Filmless test/CN=Test authority" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -out "$folder/authority.pem"
fi
for name in "$@"; do
    new_key "$folder/$name.key"
    openssl req -new -key "$folder/$name.key" -subj "/O=Filmless test/CN=$name" -out "$folder/$name.csr"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >"$folder/$name.ext"
    openssl x509 -req -in "$folder/$name.csr" -CA "$folder/authority.pem" -CAkey "$folder/authority.key" -CAcreateserial \
        -days 365 -extfile "$folder/$name.ext" -out "$folder/$name.pem" 2>/dev/null
    rm "$folder/$name.csr" "$folder/$name.ext"
done
