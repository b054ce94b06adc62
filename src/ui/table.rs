//! Tables for all list commands.

use comfy_table::{
    Table,
    presets::{NOTHING, UTF8_FULL_CONDENSED},
};

/// Renders a table with a header and one line per row.
pub(crate) fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    table.add_rows(rows);
    table.to_string()
}

/// Renders names and their descriptions in two columns. Descriptions wrap on narrow terminals.
pub(crate) fn listing(rows: impl IntoIterator<Item = [String; 2]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows.into_iter().map(|[name, meaning]| [format!(" {name}"), meaning]));
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
