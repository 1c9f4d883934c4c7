//! Exit codes: the one place where they are decided.

use crate::error::Error;

/// Everything that was asked is done.
pub(crate) const DONE: u8 = 0;
/// The sweep ended, but with failed or quarantined runs, or it was cancelled or stopped; or its coordinator paused it.
pub(crate) const RUNS_FAILED: u8 = 1;
/// The command line or the sweep file is wrong.
pub(crate) const WRONG_USE: u8 = 2;
/// The network, the disk or the data is in the way.
pub(crate) const ENVIRONMENT: u8 = 3;
/// A worker has to be started again, since a job in it does not stop: EX_TEMPFAIL.
pub(crate) const HUNG: u8 = 75;
/// Ctrl-C or SIGTERM.
pub(crate) const INTERRUPTED: u8 = 130;

/// The table as `--help` prints it.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    the sweep ended with failed or quarantined runs, or was cancelled, stopped, or paused by its coordinator
  2    wrong use, or a bad sweep file
  3    the environment: network, disk, data
  75   a worker left because a job in it did not stop: start it again
  130  interrupted

Environment:
  TRAIPSE_COORDINATOR  the coordinator's URL, where --coordinator is not given
  TRAIPSE_TOKEN        the coordinator's token, where --token-file is not given
  RUST_LOG             which log lines are shown, instead of -v and -q
  NO_COLOR             no colour, even on a terminal

Begin with:
  traipse preview sweeps/digits.toml
  traipse local sweeps/digits.toml";

/// How a verb ended that met no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All is done.
    Done,
    /// The sweep ended without some of its runs.
    RunsFailed,
    /// A signal asked for the end, and what was under way is safe.
    Interrupted,
}

/// The process's exit code.
pub(crate) fn code(end: &Result<End, Error>) -> u8 {
    match end {
        Ok(End::Done) => DONE,
        Ok(End::RunsFailed) => RUNS_FAILED,
        Ok(End::Interrupted) => INTERRUPTED,
        Err(Error::Use(_) | Error::Spec(_)) => WRONG_USE,
        Err(Error::Environment(_)) => ENVIRONMENT,
        Err(Error::Hung(_)) => HUNG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_code_and_help_lists_them() {
        let ends = [
            (Ok(End::Done), 0),
            (Ok(End::RunsFailed), 1),
            (Ok(End::Interrupted), 130),
            (Err(Error::wrong_use("no")), 2),
            (Err(Error::environment(anyhow::anyhow!("no"))), 3),
            (Err(Error::hung(anyhow::anyhow!("no"))), 75),
        ];
        for (end, expected) in ends {
            assert_eq!(code(&end), expected);
            assert!(HELP.lines().any(|line| line.trim_start().starts_with(&format!("{expected} "))), "{expected}");
        }
    }
}
