//! Codes about YAML syntax.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    YAML_ENCODING = Entry {
        name: "yaml-encoding",
        severity: Error,
        title: "the file is not UTF-8, or contains an invalid character",
        meaning: "A YAML file is UTF-8 text without control characters.",
        example: "",
        fix: "Save the file as UTF-8, and remove the character.",
    };
    YAML_SYNTAX = Entry {
        name: "yaml-syntax",
        severity: Error,
        title: "the file is not valid YAML",
        meaning: "The file cannot be parsed. Common reasons are wrong indentation, a missing quote, and a comment \
                  that continues on the next line without `#`.",
        example: "deployments:\n- name: default\n   entrypoint: flow.py:hello   # indented too far",
        fix: "Correct the line or the line before it. A project file must not contain a second document (`---`).",
    };
    YAML_ALIAS = Entry {
        name: "yaml-alias",
        severity: Error,
        title: "an anchor or alias is invalid",
        meaning: "`*name` refers to the value that `&name` marks earlier in the file. The anchor is missing, \
                  defined twice, or contains its own alias.",
        example: "build: *image   # no `&image` before this",
        fix: "Define every anchor once, before its first alias. Quote strings that start with `*` or `&`.",
    };
    YAML_LIMIT = Entry {
        name: "yaml-limit",
        severity: Error,
        title: "the file is nested too deeply or expands to too many values",
        meaning: "Nested collections and aliases are limited so that a small file cannot exhaust memory.",
        example: "",
        fix: "Use fewer aliases or fewer levels.",
    };
    YAML_TAG = Entry {
        name: "yaml-tag",
        severity: Error,
        title: "a tag is not supported",
        meaning: "Prefect only supports the standard tags of YAML, not tags for application objects.",
        example: "version: !Ref Version",
        fix: "Remove the tag, or quote the string that starts with `!`.",
    };
    YAML_VALUE = Entry {
        name: "yaml-value",
        severity: Error,
        title: "a value is invalid",
        meaning: "YAML 1.1 gives some unquoted words a type: dates, numbers with `:`, a plain `=`. The value looks \
                  like such a type but is not valid, or is a number that the API does not accept.",
        example: "version: 2024-13-45",
        fix: "Quote the value to make it a string.",
    };
    YAML_KEY = Entry {
        name: "yaml-key",
        severity: Error,
        title: "a mapping key is invalid",
        meaning: "A key is a string or a number. In most cases an unquoted placeholder is the reason, because YAML \
                  parses it as a mapping inside a mapping.",
        example: "image: {{ build-image.image }}",
        fix: "Quote values that start with `{{`: `image: \"{{ build-image.image }}\"`.",
    };
    MERGE_CONFLICT = Entry {
        name: "merge-conflict",
        severity: Warning,
        title: "merged mappings disagree about a key",
        meaning: "With `<<: [*a, *b]` the first mapping that contains a key has precedence, by the YAML \
                  specification. In PyYAML 6.0.4 the last one has precedence, so the deployment depends on the \
                  PyYAML release that is installed with Prefect.",
        example: "small: &small {cpu: 1}\nlarge: &large {cpu: 4}\njob_variables:\n  <<: [*small, *large]",
        fix: "Set the key in the mapping itself, or in only one of the merged mappings.",
    };
    DUPLICATE_KEY = Entry {
        name: "duplicate-key",
        severity: Warning,
        title: "a mapping contains a key twice",
        meaning: "The later value is used. The earlier value is discarded silently.",
        example: "work_pool:\n  name: staging\n  name: production",
        fix: "Remove one of the two.",
    };
}
