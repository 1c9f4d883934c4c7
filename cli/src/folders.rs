//! The user's folders, as the XDG base directory specification names them.

use std::path::PathBuf;

/// Where a coordinator keeps its data: `$XDG_DATA_HOME/traipse`, or `~/.local/share/traipse`.
pub(crate) fn coordinator_data() -> Option<PathBuf> {
    base("XDG_DATA_HOME", ".local/share")
}

/// A relative path in such a variable is invalid by the specification, and ignored.
fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    set.or_else(|| home().map(|home| home.join(below_home))).map(|base| base.join("traipse"))
}
