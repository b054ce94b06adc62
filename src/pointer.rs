//! Paths to values in documents and templates.

use std::fmt;

/// A segment of a path: a key of a mapping or an index of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    Key(String),
    Index(usize),
    /// First segment of a path to a value that no document contains.
    CommandLine,
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Segment {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path from the root of a document to a value. Paths are displayed as in `deployments[1].work_pool.name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Pointer {
    segments: Vec<Segment>,
}

impl Pointer {
    /// Returns the empty path, which refers to the whole document.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// Returns the path of a deployment that only command-line options describe.
    pub(crate) fn command_line() -> Self {
        Self { segments: vec![Segment::CommandLine] }
    }

    /// Returns whether the path refers to a document value.
    pub(crate) fn is_in_document(&self) -> bool {
        self.segments.first() != Some(&Segment::CommandLine)
    }

    /// Returns this path with an additional segment at the end.
    #[must_use]
    pub(crate) fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut joined = self.clone();
        joined.push(segment);
        joined
    }

    pub(crate) fn push(&mut self, segment: impl Into<Segment>) {
        self.segments.push(segment.into());
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(crate) fn segment_mut(&mut self, position: usize) -> Option<&mut Segment> {
        self.segments.get_mut(position)
    }

    /// Returns this path followed by all segments of `path`.
    #[must_use]
    pub(crate) fn join_all(&self, path: &Self) -> Self {
        Self { segments: self.segments.iter().chain(&path.segments).cloned().collect() }
    }
}

impl<S: Into<Segment>> FromIterator<S> for Pointer {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self { segments: segments.into_iter().map(Into::into).collect() }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments = self.segments.iter().filter(|segment| **segment != Segment::CommandLine);
        for (position, segment) in segments.enumerate() {
            match segment {
                Segment::CommandLine => {}
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if !is_plain(key) => write!(f, "[{key:?}]")?,
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// Returns whether a key can be displayed without quotes.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|next| next.is_alphanumeric() || matches!(next, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_pointers() {
        let pool = Pointer::root().join("deployments").join(1).join("work_pool").join("name");
        assert_eq!(pool.to_string(), "deployments[1].work_pool.name");
        let odd: Pointer = ["build", "prefect.docker", "", "a-b"].into_iter().collect();
        assert_eq!(odd.to_string(), r#"build["prefect.docker"][""].a-b"#);
        assert_eq!(Pointer::root().to_string(), "");
        assert_eq!(Pointer::command_line().join("work_pool").join("name").to_string(), "work_pool.name");
    }
}
