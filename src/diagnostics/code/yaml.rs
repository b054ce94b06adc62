//! Diagnostic codes for YAML syntax.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    YAML_ENCODING = Entry {
        name: "yaml-encoding",
        severity: Error,
        title: "the file is not UTF-8 or contains an invalid character",
        meaning: "A YAML file must be UTF-8 text without control characters.",
        example: "",
        fix: "Save the file as UTF-8, and remove the invalid character.",
    };
    YAML_SYNTAX = Entry {
        name: "yaml-syntax",
        severity: Error,
        title: "the file is not valid YAML",
        meaning: "The file cannot be parsed. Common causes are wrong indentation, a missing quote, and a \
                  comment that continues on the next line without `#`.",
        example: "deployments:\n- name: default\n   entrypoint: flow.py:hello   # indented too far",
        fix: "Correct the reported line or the line before it. A `---` line starts a second document, but \
              a project file must contain only one document.",
    };
    YAML_ALIAS = Entry {
        name: "yaml-alias",
        severity: Error,
        title: "an anchor or alias is invalid",
        meaning: "The alias `*name` refers to the value marked with the anchor `&name` earlier in the file. \
                  The anchor is missing, is defined twice, or contains an alias to itself.",
        example: "build: *image   # no `&image` before this",
        fix: "Define each anchor once, before its first alias. Quote strings that start with `*` or `&`.",
    };
    YAML_LIMIT = Entry {
        name: "yaml-limit",
        severity: Error,
        title: "the file is too deeply nested or expands to too many values",
        meaning: "The nesting depth and the number of values that aliases expand to are limited, so that a \
                  small file cannot exhaust memory.",
        example: "",
        fix: "Use fewer aliases or fewer levels of nesting.",
    };
    YAML_TAG = Entry {
        name: "yaml-tag",
        severity: Error,
        title: "a tag is not supported",
        meaning: "Prefect only supports the standard YAML tags. Application-specific tags are not supported.",
        example: "version: !Ref Version",
        fix: "Remove the tag, or quote a string that starts with `!`.",
    };
    YAML_VALUE = Entry {
        name: "yaml-value",
        severity: Error,
        title: "a value is invalid",
        meaning: "YAML 1.1 interprets some unquoted values as dates, as numbers that contain `:`, or as \
                  the special value `=`. The reported value is invalid for the type that YAML assigns to \
                  it, or is a number that the API does not accept.",
        example: "version: 2024-13-45",
        fix: "Quote the value to turn it into a string.",
    };
    YAML_KEY = Entry {
        name: "yaml-key",
        severity: Error,
        title: "a mapping key is invalid",
        meaning: "A mapping key must be a string or a number. Usually the cause is an unquoted placeholder, \
                  which YAML parses as a mapping inside a mapping.",
        example: "image: {{ build-image.image }}",
        fix: "Quote values that start with `{{`, as in `image: \"{{ build-image.image }}\"`.",
    };
    MERGE_CONFLICT = Entry {
        name: "merge-conflict",
        severity: Warning,
        title: "merged mappings contain different values for a key",
        meaning: "According to the YAML specification, the first mapping in `<<: [*a, *b]` that contains \
                  the key takes precedence. In PyYAML 6.0.4, the last one takes precedence, so the result \
                  depends on the PyYAML release that Prefect uses.",
        example: "small: &small {cpu: 1}\nlarge: &large {cpu: 4}\njob_variables:\n  <<: [*small, *large]",
        fix: "Set the key in the mapping itself, or in only one of the merged mappings.",
    };
    DUPLICATE_KEY = Entry {
        name: "duplicate-key",
        severity: Warning,
        title: "a mapping contains a key twice",
        meaning: "If a mapping contains a key twice, the later value is used and the earlier value is silently discarded.",
        example: "work_pool:\n  name: staging\n  name: production",
        fix: "Remove one of the two entries.",
    };
}
