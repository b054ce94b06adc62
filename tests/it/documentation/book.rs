//! Parses the pages of the documentation: links, heading anchors, and code blocks.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, Result};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

pub(super) struct Page {
    /// Path relative to the book's directory.
    pub(super) path: PathBuf,
    pub(super) links: Vec<String>,
    pub(super) anchors: BTreeSet<String>,
    pub(super) blocks: Vec<Block>,
}

/// A block of code.
pub(super) struct Block {
    /// The info string of the fence.
    pub(super) info: String,
    pub(super) text: String,
    /// The inline code that directly precedes the block.
    pub(super) caption: Option<String>,
}

/// A command and its documented output.
pub(super) struct Shown {
    pub(super) line: String,
    pub(super) shown: String,
}

/// Reads the README. Its path is relative to the root of the repository.
pub(super) fn readme() -> Result<Page> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))?;
    Ok(Page::read(PathBuf::from("README.md"), &text))
}

/// Reads all pages of the book. Their paths are relative to `docs/src`.
pub(super) fn book() -> Result<Vec<Page>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src");
    let mut pages = Vec::new();
    for folder in [root.clone(), root.join("reference"), root.join("development")] {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path)?;
                pages.push(Page::read(path.strip_prefix(&root)?.to_owned(), &text));
            }
        }
    }
    pages.sort_by(|item, other| item.path.cmp(&other.path));
    Ok(pages)
}

impl Page {
    fn read(path: PathBuf, text: &str) -> Self {
        let mut page = Self { path, links: Vec::new(), anchors: BTreeSet::new(), blocks: Vec::new() };
        let mut heading: Option<String> = None;
        let mut is_code = false;
        let mut caption: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => page.links.push(dest_url.into_string()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = if let CodeBlockKind::Fenced(info) = kind {
                        info.into_string()
                    } else {
                        String::new()
                    };
                    page.blocks.push(Block { info, text: String::new(), caption: caption.take() });
                    is_code = true;
                }
                Event::End(TagEnd::CodeBlock) => is_code = false,
                Event::Text(text) | Event::Code(text) => {
                    caption = Some(text.to_string());
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    } else if let (true, Some(block)) = (is_code, page.blocks.last_mut()) {
                        block.text.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Adds the anchor that mdBook generates for a heading. Repeated headings get a number.
    fn add_anchor(&mut self, heading: &str) {
        let character = |character: char| match character {
            _ if character.is_alphanumeric() || "_-".contains(character) => {
                Some(character.to_ascii_lowercase())
            }
            _ => character.is_whitespace().then_some('-'),
        };
        let anchor: String = heading.trim().chars().filter_map(character).collect();
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(numbered).find(|item| !self.anchors.contains(item));
        self.anchors.extend(free);
    }

    /// Returns the path of the page that a link points to.
    pub(super) fn target(&self, path: &str) -> PathBuf {
        if path.is_empty() {
            return self.path.clone();
        }
        let mut target = self.path.parent().map(Path::to_owned).unwrap_or_default();
        for component in Path::new(path).components() {
            match component {
                Component::ParentDir => {
                    target.pop();
                }
                component => target.push(component),
            }
        }
        target
    }
}

impl Block {
    /// Parses the commands of a block. A command follows `$ `, its continuation lines follow `> `, and all
    /// other lines are its output.
    pub(super) fn commands(&self) -> Result<Vec<Shown>> {
        let mut commands: Vec<Shown> = Vec::new();
        for line in self.text.lines() {
            if let Some(line) = line.strip_prefix("$ ") {
                commands.push(Shown { line: line.to_owned(), shown: String::new() });
                continue;
            }
            let command = commands.last_mut().with_context(|| format!("a block begins with `{line}`"))?;
            let (text, line) = match line.strip_prefix("> ") {
                Some(more) if command.line.ends_with('\\') => (&mut command.line, more),
                _ => (&mut command.shown, line),
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
        for command in &mut commands {
            command.shown.truncate(command.shown.trim_end().len());
        }
        Ok(commands)
    }
}
