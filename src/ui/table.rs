//! Renders tables for commands that list objects.

use std::io::{self, IsTerminal as _};

use comfy_table::{
    ColumnConstraint, ContentArrangement, Table,
    presets::{NOTHING, UTF8_FULL_CONDENSED},
};

use super::{Ui, live::columns, screen};
use crate::escape;

/// Header of the column that is removed first if a table is too wide.
const ID: &str = "ID";

/// Width of a panel in Prefect's style without a terminal.
const PANEL_WIDTH: usize = 80;

/// Lines above and below a table. Only used in Prefect's style.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Caption<'a> {
    pub(crate) title: &'a str,
    /// Line below the table. The line may be empty.
    pub(crate) note: &'a str,
}

impl<'a> Caption<'a> {
    pub(crate) fn new(title: &'a str) -> Self {
        Self { title, note: "" }
    }
}

/// Appends the mark `(**)`, which Prefect's table captions explain.
pub(crate) fn marked(text: String, is_marked: bool) -> String {
    if is_marked { format!("{text} (**)") } else { text }
}

impl Ui {
    /// Renders a table with a header and one line for each row. If the terminal is too narrow, the ID column
    /// is removed and cells wrap.
    pub(crate) fn table<const COLUMNS: usize>(
        &self,
        caption: Caption<'_>,
        header: [&str; COLUMNS],
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
    ) -> String {
        let rows: Vec<[String; COLUMNS]> = rows.into_iter().collect();
        if self.is_prefect {
            return reference_table(caption, header, &rows);
        }
        let width = io::stdout().is_terminal().then(|| screen::size().width);
        fitted_table(header, &rows, width)
    }
}

/// Renders a table for a terminal with `width` columns. The width is not limited if `width` is `None`.
fn fitted_table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
    width: Option<usize>,
) -> String {
    let all: Vec<usize> = (0..COLUMNS).collect();
    let natural = render(header, rows, &all, None, true);
    let Some(width) = width.filter(|width| table_width(&natural) > *width) else { return natural };
    // An ID in the first column is kept, because other commands may require it.
    let shown: Vec<usize> = all.into_iter().filter(|index| *index == 0 || header[*index] != ID).collect();
    let fitted = render(header, rows, &shown, Some(width), true);
    if table_width(&fitted) <= width {
        return fitted;
    }
    render(header, rows, &shown, Some(width), false)
}

fn table_width(table: &str) -> usize {
    table.lines().map(columns).max().unwrap_or_default()
}

fn render<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
    shown: &[usize],
    width: Option<usize>,
    keeps_ids: bool,
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(shown.iter().map(|index| header[*index]));
    for row in rows {
        table.add_row(shown.iter().map(|index| row[*index].as_str()));
    }
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        for (position, index) in shown.iter().enumerate() {
            if let (ID, Some(column), true) = (header[*index], table.column_mut(position), keeps_ids) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table.to_string()
}

/// Renders a table in Prefect's style, with `┃` in the header and `│` in each row. Each row occupies one
/// line.
fn reference_table<const COLUMNS: usize>(
    caption: Caption<'_>,
    header: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter().map(|cell| escape::line(&cell.replace(['\r', '\n'], " ")).into_owned()).collect()
        })
        .collect();
    let widths: Vec<usize> = header
        .iter()
        .enumerate()
        .map(|(index, title)| rows.iter().map(|row| columns(&row[index])).fold(columns(title), usize::max))
        .collect();
    let border = |left: &str, line: &str, middle: &str, right: &str| {
        let cells: Vec<String> = widths.iter().map(|width| line.repeat(width + 2)).collect();
        format!("{left}{}{right}", cells.join(middle))
    };
    let row = |cells: &[String], bar: &str| {
        let padded = cells.iter().zip(&widths);
        let cells: Vec<String> =
            padded.map(|(cell, width)| format!(" {cell}{} ", " ".repeat(width - columns(cell)))).collect();
        format!("{bar}{}{bar}", cells.join(bar))
    };
    let titles = header.map(str::to_owned);
    let width = widths.iter().map(|width| width + 3).sum::<usize>() + 1;
    let centered = |text: &str| {
        let indent = width.saturating_sub(columns(text)) / 2;
        (!text.is_empty()).then(|| format!("{}{text}", " ".repeat(indent)))
    };
    let mut lines: Vec<String> = centered(caption.title).into_iter().collect();
    lines.extend([border("┏", "━", "┳", "┓"), row(&titles, "┃"), border("┡", "━", "╇", "┩")]);
    lines.extend(rows.iter().map(|cells| row(cells, "│")));
    lines.push(border("└", "─", "┴", "┘"));
    lines.extend(centered(caption.note));
    lines.join("\n")
}

/// Renders a line in a box, like Prefect. The line does not wrap.
pub(crate) fn panel(line: &str) -> String {
    let width = (PANEL_WIDTH - 4).max(columns(line));
    let bar = "─".repeat(width + 2);
    format!("╭{bar}╮\n│ {line}{} │\n╰{bar}╯", " ".repeat(width - columns(line)))
}

/// Renders names and descriptions in two columns. Descriptions wrap on narrow terminals.
pub(crate) fn listing(rows: impl IntoIterator<Item = [String; 2]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows.into_iter().map(|[name, meaning]| [format!(" {name}"), meaning]));
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL_ID: &str = "5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d";

    #[test]
    fn separates_the_cells_of_rows_as_the_reference_does() {
        let rows = [["a".to_owned(), "FREQ=DAILY\nCOUNT=1".to_owned()]];
        let caption = Caption { title: "Rules", note: "all of them" };
        insta::assert_snapshot!(reference_table(caption, ["Name", "Rule"], &rows), @r"
                    Rules
        ┏━━━━━━┳━━━━━━━━━━━━━━━━━━━━┓
        ┃ Name ┃ Rule               ┃
        ┡━━━━━━╇━━━━━━━━━━━━━━━━━━━━┩
        │ a    │ FREQ=DAILY COUNT=1 │
        └──────┴────────────────────┘
                 all of them
        ");
    }

    #[test]
    fn panels_are_as_wide_as_those_of_the_reference() {
        let panel = panel("Deploying a");
        assert!(panel.lines().all(|line| columns(line) == PANEL_WIDTH), "{panel}");
        assert!(panel.contains("\n│ Deploying a "), "{panel}");
    }

    #[test]
    fn drops_ids_only_if_the_terminal_is_too_narrow() {
        let header = ["Name", "Type", "ID", "Concurrency Limit", "Status"];
        let row = ["production", "kubernetes", POOL_ID, "None", "NOT_READY"].map(str::to_owned);
        let wide = fitted_table(header, std::slice::from_ref(&row), Some(120));
        assert!(wide.contains(POOL_ID), "{wide}");
        for width in [80, 60] {
            let narrow = fitted_table(header, std::slice::from_ref(&row), Some(width));
            assert!(table_width(&narrow) <= width, "{narrow}");
            assert!(!narrow.contains("5f8bd2b4"), "{narrow}");
        }
    }
}
