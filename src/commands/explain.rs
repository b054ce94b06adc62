//! `prefectl explain`.

use owo_colors::OwoColorize;

use super::Context;
use crate::{
    diagnostics::{Code, Entry},
    error::{CommandError, Exit},
};

pub(super) fn run(name: Option<&str>, context: &Context) -> Result<Exit, CommandError> {
    match name.map(Code::find) {
        None => context.ui.result(&list()),
        Some(Ok(code)) => context.ui.result(&explanation(code.entry())),
        Some(Err(suggestion)) => {
            let error = CommandError::usage(format!("unknown finding code '{}'", name.unwrap_or_default()));
            return Err(match suggestion {
                Some(known) => error.help(format!("did you mean '{known}'?")),
                None => error.help("run `prefectl explain` to list all codes"),
            });
        }
    }
    Ok(Exit::Done)
}

fn list() -> String {
    let width = Code::all().map(|code| code.name().len()).max().unwrap_or_default();
    let line = |code: Code| {
        let Entry { severity, title, .. } = code.entry();
        format!("{code:width$}  {:7}  {title}", severity.name())
    };
    Code::all().map(line).collect::<Vec<_>>().join("\n")
}

fn explanation(entry: &Entry) -> String {
    let Entry { name, severity, title, meaning, example, fix } = entry;
    let (meaning, fix) = (wrapped(meaning), wrapped(fix));
    let title = format!("{} ({}): {title}", name.bold(), severity.name());
    let example = example.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    let parts = [title, meaning, example, fix].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// Wraps text at 90 columns.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 90;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explains_with_meaning_example_and_fix() {
        let text = anstream::adapter::strip_str(&explanation(Code::DUPLICATE_KEY.entry())).to_string();
        assert_eq!(
            text,
            "duplicate-key (warning): a mapping contains a key twice\n\nIf a mapping contains a key twice, the later value is used and the earlier value is\nsilently discarded.\n\n    work_pool:\n      name: staging\n      name: production\n\nRemove one of the two entries."
        );
    }

    #[test]
    fn lists_every_code() {
        assert_eq!(list().lines().count(), Code::all().count());
    }
}
