//! The exit codes: a stable contract with scripts.

/// Done, or nothing to do.
pub const DONE: u8 = 0;
/// Something is wrong; nothing was changed.
pub const ERROR: u8 = 1;
/// Changes were found: `plan --detailed-exitcode`, and `drift` always.
pub const CHANGES: u8 = 2;
/// The saved plan is stale: the world, the stack, the account or the program is another.
pub const STALE: u8 = 3;
/// A policy, a guard or a proof forbids it.
pub const FORBIDDEN: u8 = 4;
/// Partly applied; safe to run again.
pub const PARTLY: u8 = 5;
/// Deletes are still draining in AWS.
pub const DRAINING: u8 = 6;
/// Another apply holds the lease.
pub const LOCKED: u8 = 7;
/// The user interrupted.
pub const INTERRUPTED: u8 = 130;

/// The codes as `--help` shows them.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done, or nothing to do
  1    error
  2    changes found (plan --detailed-exitcode; drift always)
  3    the saved plan is stale
  4    a policy, a guard or a proof forbids it
  5    partly applied, safe to run again
  6    deletes still draining
  7    another apply holds the lease
  130  interrupted";
