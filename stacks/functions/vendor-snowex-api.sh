#!/bin/sh
# Rebuilds snowex-api/vendor from snowex-api/requirements.txt: the pinned wheels, checked against
# their hashes, less what the function never imports. Run it after raising a version and commit
# the result; what is deployed is the folder as committed.
set -eu
cd "$(dirname "$0")/snowex-api"

rm -rf vendor
python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --only-binary :all: \
    --require-hashes --target vendor --requirement requirements.txt

cd vendor
# Nothing imports these.
(cd asn1crypto && rm cms.py crl.py csr.py ocsp.py pdf.py pkcs12.py tsp.py)
(cd dateutil && rm -r zoneinfo tzwin.py tz/win.py rrule.py easter.py utils.py)

# Of a package's metadata the licence stays, and the version, which some look up at run time.
find ./*.dist-info -type f ! -name METADATA ! -iname 'licen[cs]e*' -delete
sed -i '/^$/,$d' ./*.dist-info/METADATA
find . -type d \( -name __pycache__ -o -name bin -o -name tests \) -prune -exec rm -r {} +
find . -type d -empty -delete
find . -type d -exec chmod 755 {} + && find . -type f -exec chmod 644 {} +
