#!/usr/bin/env bash
# Proves the arrows between crates by asking cargo: which crate must not have which in its tree.
set -euo pipefail

failed=0
forbid() { # crate, forbidden...
    local crate=$1 tree
    shift
    tree=$(cargo tree --quiet --locked --edges normal --prefix none -p "$crate" | awk '{print $1}' | sort -u)
    for name in "$@"; do
        if grep -qE "^$name$" <<<"$tree"; then
            echo "layers: $crate must not depend on $name" >&2
            failed=1
        fi
    done
}

sdk='aws-(sdk|config|smithy|runtime|types|sigv4).*'
forbid trueup-model 'trueup-(stack|planner|reach|provider|applier|aws|sim|cli)' tokio "$sdk"
forbid trueup-stack 'trueup-(planner|reach|provider|applier|aws|sim|cli)' tokio "$sdk"
forbid trueup-planner 'trueup-(stack|reach|provider|applier|aws|sim|cli)' tokio "$sdk"
forbid trueup-reach 'trueup-(stack|planner|provider|applier|aws|sim|cli)' tokio "$sdk"
forbid trueup-provider 'trueup-(stack|planner|reach|applier|aws|sim|cli)' tokio "$sdk"
forbid trueup-applier 'trueup-(stack|planner|reach|aws|sim|cli)' "$sdk"
forbid trueup-aws 'trueup-(stack|planner|reach|provider|applier|sim|cli)' tokio "$sdk"
forbid trueup-sim 'trueup-(stack|planner|reach|applier|aws|cli)' "$sdk"
forbid trueup-cli "$sdk"

# Every crate takes the workspace's lints.
for manifest in crates/*/Cargo.toml tests/Cargo.toml; do
    if ! grep -A1 '^\[lints\]' "$manifest" | grep -q 'workspace = true'; then
        echo "layers: $manifest does not take the workspace's lints" >&2
        failed=1
    fi
done

# Only the live half names an SDK type.
if grep -rlE '\baws_(sdk|config|smithy)' crates/*/src | grep -vE '^crates/aws/src/(live|services/)' ; then
    echo "layers: these files name an SDK type outside crates/aws's live half" >&2
    failed=1
fi
exit $failed
