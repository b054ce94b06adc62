//! Determines the base images of a Dockerfile.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::instructions::instructions;

/// Maximum length of an expanded value in bytes. Names of images are shorter. Without a limit, arguments that repeat other
/// arguments could exhaust memory.
const LONGEST_VALUE: usize = 4096;

/// Returns the images that `FROM` and `--from=` refer to, in alphabetical order. Excludes `scratch` and the
/// Dockerfile's stages.
///
/// Expands build arguments declared before the first `FROM`. Leaves references to other variables unchanged, and names
/// whose expansion is longer than [`LONGEST_VALUE`].
pub(crate) fn base_images(dockerfile: &str, arguments: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut stages = Stages::default();
    let mut in_stage = false;
    for instruction in instructions(dockerfile) {
        let words = instruction.text.split_whitespace().skip(1);
        match instruction.keyword().as_str() {
            "ARG" if !in_stage => {
                for (name, default) in words.map(|word| word.split_once('=').unwrap_or((word, ""))) {
                    let value = arguments.get(name).cloned();
                    let value =
                        value.unwrap_or_else(|| expand(default.trim_matches(['"', '\'']), &variables));
                    variables.insert(name.to_owned(), value);
                }
            }
            "FROM" => {
                in_stage = true;
                let mut words = words.skip_while(|word| word.starts_with("--"));
                let image = expand(words.next().unwrap_or_default(), &variables);
                if !stages.contain(&image) {
                    found.insert(image);
                }
                stages.add(words.nth(1).unwrap_or_default());
            }
            "COPY" | "ADD" => {
                let images = words.filter_map(|word| word.strip_prefix("--from="));
                found.extend(images.filter(|image| !stages.contain(image)).map(str::to_owned));
            }
            "RUN" => {
                let mounts = words.filter_map(|word| word.strip_prefix("--mount="));
                let images =
                    mounts.flat_map(|mount| mount.split(',')).filter_map(|part| part.strip_prefix("from="));
                found.extend(images.filter(|image| !stages.contain(image)).map(str::to_owned));
            }
            _ => {}
        }
    }
    found.into_iter().filter(|image| !image.is_empty() && image != "scratch").collect()
}

/// The build stages before an instruction.
#[derive(Debug, Default)]
struct Stages {
    /// Lowercase names.
    names: HashSet<String>,
    count: usize,
}

impl Stages {
    /// Adds a stage. The name is empty if the stage has no name.
    fn add(&mut self, name: &str) {
        self.names.insert(name.to_lowercase());
        self.count += 1;
    }

    /// Returns whether an image is the name or the index of a stage.
    fn contain(&self, image: &str) -> bool {
        self.names.contains(&image.to_lowercase())
            || image.parse::<usize>().is_ok_and(|index| index < self.count)
    }
}

/// Expands `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`. Leaves references to unknown variables
/// unchanged. Returns the text itself if its expansion is longer than [`LONGEST_VALUE`].
fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        if expanded.len() + rest.len() > LONGEST_VALUE {
            return text.to_owned();
        }
        expanded.push_str(&rest[..start]);
        rest = &rest[start..];
        let (whole, name, modifier) = variable(rest);
        let value = variables.get(name).filter(|value| !value.is_empty());
        match (modifier.split_at_checked(2), value) {
            (Some((":-", default)), None) => expanded.push_str(&expand(default, variables)),
            (Some((":+", other)), Some(_)) => expanded.push_str(&expand(other, variables)),
            (Some((":+", _)), None) => {}
            (_, Some(value)) => expanded.push_str(value),
            (_, None) => expanded.push_str(whole),
        }
        rest = &rest[whole.len()..];
    }
    expanded.push_str(rest);
    if expanded.len() > LONGEST_VALUE { text.to_owned() } else { expanded }
}

/// Parses a variable reference at the start of a string. Returns the complete reference, the variable name and the
/// text between the name and the closing brace.
fn variable(text: &str) -> (&str, &str, &str) {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if let Some((inner, _)) = text.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
        let name = &inner[..inner.find(|character| !is_name(character)).unwrap_or(inner.len())];
        return (&text[..inner.len() + 3], name, &inner[name.len()..]);
    }
    let length = text[1..].find(|character| !is_name(character)).map_or(text.len(), |length| length + 1);
    (&text[..length], &text[1..length], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{docker::instructions::needs_buildkit, test_limits::within_limits};

    #[test]
    fn finds_images_but_not_stages() {
        let given = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        for (dockerfile, arguments, expected) in [
            ("FROM scratch\n", &[][..], &[][..]),
            (
                "# comment\nfrom python:3.12 AS base\nFROM base\nCOPY --from=base /a /\n",
                &[],
                &["python:3.12"],
            ),
            (
                "FROM --platform=$BUILDPLATFORM golang:1 \\\n  as build\nFROM scratch\nCOPY --from=0 /a /",
                &[],
                &["golang:1"],
            ),
            (
                "FROM a\nCOPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/\n",
                &[],
                &["a", "ghcr.io/astral-sh/uv:0.9"],
            ),
            ("FROM a\nRUN --mount=type=bind,from=b,target=/b x\n", &[], &["a", "b"]),
            ("ARG V=3\nARG IMAGE=\"python:${V}\"\nFROM ${IMAGE}-slim\n", &[], &["python:3-slim"]),
            ("ARG V=3\nFROM python:$V-slim\n", &[("V", "4")], &["python:4-slim"]),
            ("FROM p:${V:-1}\nFROM q:${V:+2}\nFROM r:$V\nFROM s:${V\n", &[], &["p:1", "q:", "r:$V", "s:${V"]),
            ("FROM a\nARG V=3\nFROM b:$V\n", &[], &["a", "b:$V"]),
            (
                "FROM a AS Base\nFROM base\nCOPY --from=BASE a b\nCOPY --from=1 a b\nCOPY --from=2 a b",
                &[],
                &["2", "a"],
            ),
            ("FROM", &[], &[]),
        ] {
            assert_eq!(base_images(dockerfile, &given(arguments)), expected, "{dockerfile}");
        }
    }

    #[test]
    fn limits_work_and_memory_for_hostile_dockerfiles() {
        const MANY: usize = 100_000;
        let numbered = |line: fn(usize) -> String| (0..MANY).map(line).collect::<String>();
        let doubled = |n: usize| format!("ARG A{n}=$A{}$A{}\n", n - 1, n - 1);
        let doubling: String = (1..64).map(doubled).collect();
        for dockerfile in [
            format!("ARG A0=aaaaaaaa\n{doubling}FROM $A63\n"),
            format!("ARG A={}\nFROM {}\n", "a".repeat(4096), "$A".repeat(MANY)),
            format!("ARG A={}\n", "${".repeat(MANY)),
            format!("ARG A={}{}\n", "${A:-".repeat(MANY), "}".repeat(MANY)),
            numbered(|n| format!("FROM image{n} AS stage{n}\n")),
            numbered(|n| format!("LABEL name{n}=value\n")),
            numbered(|n| format!("LABEL name{n}=value\\\n")),
            format!("RUN {}\n{}", "<<A ".repeat(MANY), "A\n".repeat(MANY)),
        ] {
            within_limits(|| {
                base_images(&dockerfile, &BTreeMap::new());
                needs_buildkit(&dockerfile);
            });
        }
    }
}
