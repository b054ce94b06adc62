//! Recorded test data.

use std::{fs, path::Path};

use serde::Deserialize;

/// Reads a file with recorded JSON.
pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Character classes of Python's `re` module, as ranges of code points.
#[derive(Deserialize)]
pub(crate) struct Characters {
    word: Vec<(u32, u32)>,
    space: Vec<(u32, u32)>,
    printable: Vec<(u32, u32)>,
    unassigned: Vec<(u32, u32)>,
}

pub(crate) fn characters() -> Characters {
    read("templating-characters.json")
}

impl Characters {
    pub(crate) fn word(&self, character: char) -> bool {
        contain(&self.word, character)
    }

    pub(crate) fn space(&self, character: char) -> bool {
        contain(&self.space, character)
    }

    pub(crate) fn printable(&self, character: char) -> bool {
        contain(&self.printable, character)
    }

    /// Checks whether a character is unassigned in the recorded Unicode version.
    pub(crate) fn unassigned(&self, character: char) -> bool {
        contain(&self.unassigned, character)
    }
}

fn contain(ranges: &[(u32, u32)], character: char) -> bool {
    let code = u32::from(character);
    let after = ranges.partition_point(|(start, _)| *start <= code);
    after > 0 && code <= ranges[after - 1].1
}
