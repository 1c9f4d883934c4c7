//! The three ways to write a sweep file.

/// How a sweep file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `.toml`.
    Toml,
    /// `.yaml`, `.yml`.
    Yaml,
    /// `.json`.
    Json,
}

impl Format {
    /// The format that the extension of `path` names, in any case; none where it names no format.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides() {
        assert_eq!(Format::of_path("a/b.c/digits.TOML"), Some(Format::Toml));
        assert_eq!(Format::of_path("x.yml"), Some(Format::Yaml));
        assert_eq!(Format::of_path("x.yaml"), Some(Format::Yaml));
        assert_eq!(Format::of_path("x.json"), Some(Format::Json));
        assert_eq!(Format::of_path("x.txt"), None);
        assert_eq!(Format::of_path("toml"), None);
    }
}
