//! Catalogue of the settings in Prefect 3.9.1. `config set` accepts them, and `config view` shows them. The
//! `names` module lists the settings that prefectl uses.

use super::kind::Kind::{
    self, Any, Choice, Flag, Headers, Level, Number, Path, Period, Secret, StatusCodes, Text, Whole,
};

/// Names of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SettingName {
    /// Name of the setting in the environment, in `.env` files and in profiles.
    pub(crate) canonical: &'static str,
    /// Former name of the setting. If a source contains both names, the canonical name takes precedence.
    pub(crate) alias: Option<&'static str>,
    /// Dotted path of the setting in `prefect.toml`, and in the `tool.prefect` table of `pyproject.toml`.
    pub(crate) path: &'static str,
}

impl SettingName {
    /// Returns all names of the setting, starting with the canonical name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.canonical).chain(self.alias)
    }
}

/// A setting with its default value and the type of its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) name: SettingName,
    pub(crate) kind: Kind,
    /// Default value, formatted as Python prints it.
    pub(crate) default: &'static str,
}

/// Finds a setting by its current or former name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name.names().any(|known| known == name))
}

/// Returns whether a setting with this name might exist in a different version of Prefect.
pub(crate) fn may_exist(name: &str) -> bool {
    name.strip_prefix("PREFECT_").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    })
}

/// Returns the known setting with the most similar name, or `None` if no name is similar enough.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    let similarity = |known: &str| strsim::jaro_winkler(known, name);
    let nearest = ALL
        .iter()
        .flat_map(|entry| entry.name.names())
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    nearest.filter(|nearest| similarity(nearest) > 0.93)
}

/// Returns the names of a setting. In constants, an unknown name is a compile-time error.
pub(super) const fn named(canonical: &str) -> SettingName {
    let mut index = 0;
    while index < ALL.len() {
        if is_same(ALL[index].name.canonical.as_bytes(), canonical.as_bytes()) {
            return ALL[index].name;
        }
        index += 1;
    }
    panic!("the catalogue does not contain this setting")
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    left.len() == right.len()
}

const fn setting(canonical: &'static str, path: &'static str, kind: Kind, default: &'static str) -> Entry {
    Entry { name: SettingName { canonical, alias: None, path }, kind, default }
}

const fn aliased(
    canonical: &'static str,
    alias: &'static str,
    path: &'static str,
    kind: Kind,
    default: &'static str,
) -> Entry {
    Entry { name: SettingName { canonical, alias: Some(alias), path }, kind, default }
}

/// All settings, sorted by name.
#[rustfmt::skip]
pub(crate) const ALL: &[Entry] = &[
    setting("PREFECT_API_AUTH_STRING", "api.auth_string", Secret, "None"),
    setting("PREFECT_API_ENABLE_HTTP2", "api.enable_http2", Flag, "False"),
    setting("PREFECT_API_KEY", "api.key", Secret, "None"),
    setting("PREFECT_API_REQUEST_TIMEOUT", "api.request_timeout", Number, "60.0"),
    setting("PREFECT_API_SSL_CERT_FILE", "api.ssl_cert_file", Text, "None"),
    setting("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "api.tls_insecure_skip_verify", Flag, "False"),
    setting("PREFECT_API_URL", "api.url", Text, "None"),
    setting("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED", "client.csrf_support_enabled", Flag, "True"),
    setting("PREFECT_CLIENT_CUSTOM_HEADERS", "client.custom_headers", Headers, "{}"),
    setting("PREFECT_CLIENT_MAX_RETRIES", "client.max_retries", Whole, "5"),
    aliased("PREFECT_CLIENT_METRICS_ENABLED", "PREFECT_CLIENT_ENABLE_METRICS", "client.metrics.enabled", Flag, "False"),
    setting("PREFECT_CLIENT_METRICS_PORT", "client.metrics.port", Whole, "4201"),
    setting("PREFECT_CLIENT_RETRY_EXTRA_CODES", "client.retry_extra_codes", StatusCodes, "set()"),
    setting("PREFECT_CLIENT_RETRY_JITTER_FACTOR", "client.retry_jitter_factor", Number, "0.2"),
    setting("PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED", "client.server_version_check_enabled", Flag, "True"),
    setting("PREFECT_CLI_COLORS", "cli.colors", Flag, "True"),
    setting("PREFECT_CLI_PROMPT", "cli.prompt", Flag, "None"),
    setting("PREFECT_CLI_WRAP_LINES", "cli.wrap_lines", Flag, "True"),
    setting("PREFECT_CLOUD_API_URL", "cloud.api_url", Text, "https://api.prefect.cloud/api"),
    setting("PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY", "cloud.enable_orchestration_telemetry", Flag, "True"),
    setting("PREFECT_CLOUD_MAX_LOG_SIZE", "cloud.max_log_size", Whole, "25000"),
    setting("PREFECT_CLOUD_UI_URL", "cloud.ui_url", Text, "https://app.prefect.cloud"),
    setting("PREFECT_DEBUG_MODE", "debug_mode", Flag, "False"),
    setting("PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY", "deployments.clear_schedules_on_empty", Flag, "False"),
    aliased("PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE", "PREFECT_DEFAULT_DOCKER_BUILD_NAMESPACE", "deployments.default_docker_build_namespace", Text, "None"),
    aliased("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME", "PREFECT_DEFAULT_WORK_POOL_NAME", "deployments.default_work_pool_name", Text, "None"),
    setting("PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE", "events.worker_max_queue_size", Whole, "0"),
    aliased("PREFECT_EXPERIMENTS_WARN", "PREFECT_EXPERIMENTAL_WARN", "experiments.warn", Flag, "True"),
    aliased("PREFECT_FLOWS_DEFAULT_RETRIES", "PREFECT_FLOW_DEFAULT_RETRIES", "flows.default_retries", Whole, "0"),
    aliased("PREFECT_FLOWS_DEFAULT_RETRY_DELAY_SECONDS", "PREFECT_FLOW_DEFAULT_RETRY_DELAY_SECONDS", "flows.default_retry_delay_seconds", Any, "0"),
    aliased("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "PREFECT_RUNNER_HEARTBEAT_FREQUENCY", "flows.heartbeat_frequency", Whole, "180"),
    setting("PREFECT_HOME", "home", Path, "~/.prefect"),
    aliased("PREFECT_INTERNAL_LOGGING_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL", "internal.logging_level", Level, "ERROR"),
    setting("PREFECT_LOGGING_COLORS", "logging.colors", Flag, "True"),
    aliased("PREFECT_LOGGING_CONFIG_PATH", "PREFECT_LOGGING_SETTINGS_PATH", "logging.config_path", Path, "$PREFECT_HOME/logging.yml"),
    setting("PREFECT_LOGGING_EXTRA_LOGGERS", "logging.extra_loggers", Any, "[]"),
    setting("PREFECT_LOGGING_LEVEL", "logging.level", Level, "INFO"),
    setting("PREFECT_LOGGING_LOG_PRINTS", "logging.log_prints", Flag, "False"),
    setting("PREFECT_LOGGING_MARKUP", "logging.markup", Flag, "False"),
    setting("PREFECT_LOGGING_TO_API_BATCH_INTERVAL", "logging.to_api.batch_interval", Number, "2.0"),
    setting("PREFECT_LOGGING_TO_API_BATCH_SIZE", "logging.to_api.batch_size", Whole, "4000000"),
    setting("PREFECT_LOGGING_TO_API_ENABLED", "logging.to_api.enabled", Flag, "True"),
    setting("PREFECT_LOGGING_TO_API_MAX_LOG_SIZE", "logging.to_api.max_log_size", Whole, "1000000"),
    setting("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "logging.to_api.when_missing_flow", Choice(&["warn", "error", "ignore"]), "warn"),
    aliased("PREFECT_PLUGINS_ALLOW", "PREFECT_EXPERIMENTS_PLUGINS_ALLOW", "plugins.allow", Any, "set()"),
    aliased("PREFECT_PLUGINS_DENY", "PREFECT_EXPERIMENTS_PLUGINS_DENY", "plugins.deny", Any, "set()"),
    aliased("PREFECT_PLUGINS_ENABLED", "PREFECT_EXPERIMENTS_PLUGINS_ENABLED", "plugins.enabled", Flag, "False"),
    aliased("PREFECT_PLUGINS_SAFE_MODE", "PREFECT_EXPERIMENTS_PLUGINS_SAFE_MODE", "plugins.safe_mode", Flag, "False"),
    aliased("PREFECT_PLUGINS_SETUP_TIMEOUT_SECONDS", "PREFECT_EXPERIMENTS_PLUGINS_SETUP_TIMEOUT_SECONDS", "plugins.setup_timeout_seconds", Number, "20.0"),
    aliased("PREFECT_PLUGINS_STRICT", "PREFECT_EXPERIMENTS_PLUGINS_STRICT", "plugins.strict", Flag, "False"),
    setting("PREFECT_PROFILES_PATH", "profiles_path", Path, "$PREFECT_HOME/profiles.toml"),
    setting("PREFECT_RESULTS_DEFAULT_SERIALIZER", "results.default_serializer", Text, "pickle"),
    aliased("PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK", "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK", "results.default_storage_block", Text, "None"),
    aliased("PREFECT_RESULTS_LOCAL_STORAGE_PATH", "PREFECT_LOCAL_STORAGE_PATH", "results.local_storage_path", Path, "$PREFECT_HOME/storage"),
    setting("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "results.persist_by_default", Flag, "False"),
    setting("PREFECT_RUNNER_AUTO_INSTALL_DEPENDENCIES", "runner.auto_install_dependencies", Flag, "False"),
    setting("PREFECT_RUNNER_CRASH_ON_CANCELLATION_FAILURE", "runner.crash_on_cancellation_failure", Flag, "False"),
    setting("PREFECT_RUNNER_POLL_FREQUENCY", "runner.poll_frequency", Whole, "10"),
    setting("PREFECT_RUNNER_PROCESS_LIMIT", "runner.process_limit", Whole, "5"),
    setting("PREFECT_RUNNER_SERVER_ENABLE", "runner.server.enable", Flag, "False"),
    setting("PREFECT_RUNNER_SERVER_HOST", "runner.server.host", Text, "localhost"),
    setting("PREFECT_RUNNER_SERVER_LOG_LEVEL", "runner.server.log_level", Level, "ERROR"),
    setting("PREFECT_RUNNER_SERVER_MISSED_POLLS_TOLERANCE", "runner.server.missed_polls_tolerance", Whole, "2"),
    setting("PREFECT_RUNNER_SERVER_PORT", "runner.server.port", Whole, "8080"),
    setting("PREFECT_SERVER_ANALYTICS_ENABLED", "server.analytics_enabled", Flag, "True"),
    setting("PREFECT_SERVER_API_AUTH_STRING", "server.api.auth_string", Secret, "None"),
    setting("PREFECT_SERVER_API_BASE_PATH", "server.api.base_path", Text, "None"),
    aliased("PREFECT_SERVER_API_CORS_ALLOWED_HEADERS", "PREFECT_SERVER_CORS_ALLOWED_HEADERS", "server.api.cors_allowed_headers", Text, "*"),
    aliased("PREFECT_SERVER_API_CORS_ALLOWED_METHODS", "PREFECT_SERVER_CORS_ALLOWED_METHODS", "server.api.cors_allowed_methods", Text, "*"),
    aliased("PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS", "PREFECT_SERVER_CORS_ALLOWED_ORIGINS", "server.api.cors_allowed_origins", Text, "*"),
    aliased("PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED", "server.api.csrf_protection_enabled", Flag, "False"),
    aliased("PREFECT_SERVER_API_CSRF_TOKEN_EXPIRATION", "PREFECT_SERVER_CSRF_TOKEN_EXPIRATION", "server.api.csrf_token_expiration", Period, "1:00:00"),
    aliased("PREFECT_SERVER_API_DEFAULT_LIMIT", "PREFECT_API_DEFAULT_LIMIT", "server.api.default_limit", Whole, "200"),
    setting("PREFECT_SERVER_API_HOST", "server.api.host", Text, "127.0.0.1"),
    setting("PREFECT_SERVER_API_KEEPALIVE_TIMEOUT", "server.api.keepalive_timeout", Whole, "5"),
    setting("PREFECT_SERVER_API_MAX_PARAMETER_SIZE", "server.api.max_parameter_size", Whole, "524288"),
    setting("PREFECT_SERVER_API_PORT", "server.api.port", Whole, "4200"),
    setting("PREFECT_SERVER_API_WEBSOCKET_PING_INTERVAL", "server.api.websocket_ping_interval", Number, "20.0"),
    setting("PREFECT_SERVER_API_WEBSOCKET_PING_TIMEOUT", "server.api.websocket_ping_timeout", Number, "20.0"),
    setting("PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION", "server.concurrency.initial_deployment_lease_duration", Number, "300.0"),
    setting("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "server.concurrency.lease_storage", Text, "prefect.server.concurrency.lease_storage.memory"),
    setting("PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS", "server.concurrency.maximum_concurrency_slot_wait_seconds", Number, "30.0"),
    aliased("PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT", "PREFECT_API_DATABASE_CONNECTION_TIMEOUT", "server.database.connection_timeout", Number, "5.0"),
    aliased("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL", "server.database.connection_url", Secret, "sqlite+aiosqlite:///$PREFECT_HOME/prefect.db"),
    aliased("PREFECT_SERVER_DATABASE_DRIVER", "PREFECT_API_DATABASE_DRIVER", "server.database.driver", Choice(&["postgresql+asyncpg", "sqlite+aiosqlite"]), "None"),
    aliased("PREFECT_SERVER_DATABASE_ECHO", "PREFECT_API_DATABASE_ECHO", "server.database.echo", Flag, "False"),
    aliased("PREFECT_SERVER_DATABASE_HOST", "PREFECT_API_DATABASE_HOST", "server.database.host", Text, "None"),
    aliased("PREFECT_SERVER_DATABASE_MIGRATE_ON_START", "PREFECT_API_DATABASE_MIGRATE_ON_START", "server.database.migrate_on_start", Flag, "True"),
    setting("PREFECT_SERVER_DATABASE_MIGRATION_TIMEOUT", "server.database.migration_timeout", Number, "None"),
    aliased("PREFECT_SERVER_DATABASE_NAME", "PREFECT_API_DATABASE_NAME", "server.database.name", Text, "None"),
    aliased("PREFECT_SERVER_DATABASE_PASSWORD", "PREFECT_API_DATABASE_PASSWORD", "server.database.password", Secret, "None"),
    aliased("PREFECT_SERVER_DATABASE_PORT", "PREFECT_API_DATABASE_PORT", "server.database.port", Whole, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_APPLICATION_NAME", "server.database.sqlalchemy.connect_args.application_name", Text, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_PREPARED_STATEMENT_CACHE_SIZE", "server.database.sqlalchemy.connect_args.prepared_statement_cache_size", Whole, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_SEARCH_PATH", "server.database.sqlalchemy.connect_args.search_path", Text, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_STATEMENT_CACHE_SIZE", "server.database.sqlalchemy.connect_args.statement_cache_size", Whole, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_CA_FILE", "server.database.sqlalchemy.connect_args.tls.ca_file", Text, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_CERT_FILE", "server.database.sqlalchemy.connect_args.tls.cert_file", Text, "None"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_CHECK_HOSTNAME", "server.database.sqlalchemy.connect_args.tls.check_hostname", Flag, "True"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_ENABLED", "server.database.sqlalchemy.connect_args.tls.enabled", Flag, "False"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_KEY_FILE", "server.database.sqlalchemy.connect_args.tls.key_file", Text, "None"),
    aliased("PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW", "PREFECT_SQLALCHEMY_MAX_OVERFLOW", "server.database.sqlalchemy.max_overflow", Whole, "10"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_RECYCLE", "server.database.sqlalchemy.pool_recycle", Whole, "3600"),
    aliased("PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE", "PREFECT_SQLALCHEMY_POOL_SIZE", "server.database.sqlalchemy.pool_size", Whole, "5"),
    setting("PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_TIMEOUT", "server.database.sqlalchemy.pool_timeout", Number, "30.0"),
    aliased("PREFECT_SERVER_DATABASE_TIMEOUT", "PREFECT_API_DATABASE_TIMEOUT", "server.database.timeout", Number, "10.0"),
    aliased("PREFECT_SERVER_DATABASE_USER", "PREFECT_API_DATABASE_USER", "server.database.user", Text, "None"),
    aliased("PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS", "PREFECT_DEPLOYMENT_CONCURRENCY_SLOT_WAIT_SECONDS", "server.deployments.concurrency_slot_wait_seconds", Number, "30.0"),
    aliased("PREFECT_SERVER_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS", "PREFECT_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS", "server.deployment_schedule_max_scheduled_runs", Whole, "50"),
    setting("PREFECT_SERVER_DOCKET_NAME", "server.docket.name", Text, "prefect-server"),
    setting("PREFECT_SERVER_DOCKET_URL", "server.docket.url", Text, "memory://"),
    aliased("PREFECT_SERVER_EPHEMERAL_ENABLED", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "server.ephemeral.enabled", Flag, "False"),
    setting("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "server.ephemeral.startup_timeout_seconds", Whole, "20"),
    setting("PREFECT_SERVER_EVENTS_CAUSAL_ORDERING", "server.events.causal_ordering", Text, "prefect.server.events.ordering.memory"),
    aliased("PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER", "PREFECT_EVENTS_EXPIRED_BUCKET_BUFFER", "server.events.expired_bucket_buffer", Period, "0:01:00"),
    setting("PREFECT_SERVER_EVENTS_MAXIMUM_EVENT_NAME_LENGTH", "server.events.maximum_event_name_length", Whole, "1024"),
    aliased("PREFECT_SERVER_EVENTS_MAXIMUM_LABELS_PER_RESOURCE", "PREFECT_EVENTS_MAXIMUM_LABELS_PER_RESOURCE", "server.events.maximum_labels_per_resource", Whole, "500"),
    aliased("PREFECT_SERVER_EVENTS_MAXIMUM_RELATED_RESOURCES", "PREFECT_EVENTS_MAXIMUM_RELATED_RESOURCES", "server.events.maximum_related_resources", Whole, "100"),
    aliased("PREFECT_SERVER_EVENTS_MAXIMUM_SIZE_BYTES", "PREFECT_EVENTS_MAXIMUM_SIZE_BYTES", "server.events.maximum_size_bytes", Whole, "1500000"),
    aliased("PREFECT_SERVER_EVENTS_MAXIMUM_WEBSOCKET_BACKFILL", "PREFECT_EVENTS_MAXIMUM_WEBSOCKET_BACKFILL", "server.events.maximum_websocket_backfill", Period, "0:15:00"),
    aliased("PREFECT_SERVER_EVENTS_MESSAGING_BROKER", "PREFECT_MESSAGING_BROKER", "server.events.messaging_broker", Text, "prefect.server.utilities.messaging.memory"),
    aliased("PREFECT_SERVER_EVENTS_MESSAGING_CACHE", "PREFECT_MESSAGING_CACHE", "server.events.messaging_cache", Text, "prefect.server.utilities.messaging.memory"),
    aliased("PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY", "PREFECT_EVENTS_PROACTIVE_GRANULARITY", "server.events.proactive_granularity", Period, "0:00:05"),
    aliased("PREFECT_SERVER_EVENTS_RELATED_RESOURCE_CACHE_TTL", "PREFECT_API_EVENTS_RELATED_RESOURCE_CACHE_TTL", "server.events.related_resource_cache_ttl", Period, "0:05:00"),
    aliased("PREFECT_SERVER_EVENTS_RETENTION_PERIOD", "PREFECT_EVENTS_RETENTION_PERIOD", "server.events.retention_period", Period, "7 days, 0:00:00"),
    aliased("PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED", "PREFECT_API_EVENTS_STREAM_OUT_ENABLED", "server.events.stream_out_enabled", Flag, "True"),
    aliased("PREFECT_SERVER_EVENTS_WEBSOCKET_BACKFILL_PAGE_SIZE", "PREFECT_EVENTS_WEBSOCKET_BACKFILL_PAGE_SIZE", "server.events.websocket_backfill_page_size", Whole, "250"),
    aliased("PREFECT_SERVER_FLOW_RUN_GRAPH_MAX_ARTIFACTS", "PREFECT_API_MAX_FLOW_RUN_GRAPH_ARTIFACTS", "server.flow_run_graph.max_artifacts", Whole, "10000"),
    aliased("PREFECT_SERVER_FLOW_RUN_GRAPH_MAX_NODES", "PREFECT_API_MAX_FLOW_RUN_GRAPH_NODES", "server.flow_run_graph.max_nodes", Whole, "10000"),
    aliased("PREFECT_SERVER_LOGGING_LEVEL", "PREFECT_LOGGING_SERVER_LEVEL", "server.logging_level", Level, "WARNING"),
    setting("PREFECT_SERVER_LOGS_STREAM_OUT_ENABLED", "server.logs.stream_out_enabled", Flag, "False"),
    setting("PREFECT_SERVER_LOGS_STREAM_PUBLISHING_ENABLED", "server.logs.stream_publishing_enabled", Flag, "False"),
    aliased("PREFECT_SERVER_LOG_RETRYABLE_ERRORS", "PREFECT_API_LOG_RETRYABLE_ERRORS", "server.log_retryable_errors", Flag, "False"),
    aliased("PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION", "PREFECT_MEMOIZE_BLOCK_AUTO_REGISTRATION", "server.memoize_block_auto_registration", Flag, "True"),
    aliased("PREFECT_SERVER_MEMO_STORE_PATH", "PREFECT_MEMO_STORE_PATH", "server.memo_store_path", Path, "$PREFECT_HOME/memo_store.toml"),
    aliased("PREFECT_SERVER_METRICS_ENABLED", "PREFECT_API_ENABLE_METRICS", "server.metrics_enabled", Flag, "False"),
    aliased("PREFECT_SERVER_REGISTER_BLOCKS_ON_START", "PREFECT_API_BLOCKS_REGISTER_ON_START", "server.register_blocks_on_start", Flag, "True"),
    setting("PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS", "server.services.cancellation_cleanup.cancelling_timeout_seconds", Number, "300.0"),
    aliased("PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED", "PREFECT_API_SERVICES_CANCELLATION_CLEANUP_ENABLED", "server.services.cancellation_cleanup.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS", "PREFECT_API_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS", "server.services.cancellation_cleanup.loop_seconds", Number, "20.0"),
    setting("PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_BATCH_SIZE", "server.services.cleanup_reconciler.batch_size", Whole, "100"),
    setting("PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_ENABLED", "server.services.cleanup_reconciler.enabled", Flag, "True"),
    setting("PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS", "server.services.cleanup_reconciler.loop_seconds", Number, "5.0"),
    setting("PREFECT_SERVER_SERVICES_DB_VACUUM_BATCH_SIZE", "server.services.db_vacuum.batch_size", Whole, "200"),
    setting("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "server.services.db_vacuum.enabled", Any, "{'events'}"),
    setting("PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES", "server.services.db_vacuum.event_retention_overrides", Any, "{'prefect.flow-run.heartbeat': datetime.timedelta(days=7)}"),
    setting("PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS", "server.services.db_vacuum.loop_seconds", Number, "3600.0"),
    setting("PREFECT_SERVER_SERVICES_DB_VACUUM_ORPHAN_CLEANUP_LOOP_SECONDS", "server.services.db_vacuum.orphan_cleanup_loop_seconds", Number, "86400.0"),
    setting("PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD", "server.services.db_vacuum.retention_period", Period, "90 days, 0:00:00"),
    aliased("PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED", "PREFECT_API_SERVICES_EVENT_LOGGER_ENABLED", "server.services.event_logger.enabled", Flag, "False"),
    aliased("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE", "PREFECT_API_SERVICES_EVENT_PERSISTER_BATCH_SIZE", "server.services.event_persister.batch_size", Whole, "20"),
    aliased("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED", "PREFECT_API_SERVICES_EVENT_PERSISTER_ENABLED", "server.services.event_persister.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL", "PREFECT_API_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL", "server.services.event_persister.flush_interval", Number, "5.0"),
    setting("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_MAX_FLUSH_RETRIES", "server.services.event_persister.max_flush_retries", Whole, "5"),
    setting("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_QUEUE_MAX_SIZE", "server.services.event_persister.queue_max_size", Whole, "50000"),
    aliased("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE", "PREFECT_API_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE", "server.services.event_persister.read_batch_size", Whole, "1"),
    aliased("PREFECT_SERVER_SERVICES_FOREMAN_DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS", "PREFECT_API_SERVICES_FOREMAN_DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS", "server.services.foreman.deployment_last_polled_timeout_seconds", Whole, "60"),
    aliased("PREFECT_SERVER_SERVICES_FOREMAN_ENABLED", "PREFECT_API_SERVICES_FOREMAN_ENABLED", "server.services.foreman.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_SERVICES_FOREMAN_FALLBACK_HEARTBEAT_INTERVAL_SECONDS", "PREFECT_API_SERVICES_FOREMAN_FALLBACK_HEARTBEAT_INTERVAL_SECONDS", "server.services.foreman.fallback_heartbeat_interval_seconds", Whole, "30"),
    aliased("PREFECT_SERVER_SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE", "PREFECT_API_SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE", "server.services.foreman.inactivity_heartbeat_multiple", Whole, "3"),
    aliased("PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS", "PREFECT_API_SERVICES_FOREMAN_LOOP_SECONDS", "server.services.foreman.loop_seconds", Number, "15.0"),
    aliased("PREFECT_SERVER_SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS", "PREFECT_API_SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS", "server.services.foreman.work_queue_last_polled_timeout_seconds", Whole, "60"),
    aliased("PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS", "PREFECT_API_SERVICES_LATE_RUNS_AFTER_SECONDS", "server.services.late_runs.after_seconds", Period, "0:00:15"),
    aliased("PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED", "PREFECT_API_SERVICES_LATE_RUNS_ENABLED", "server.services.late_runs.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS", "PREFECT_API_SERVICES_LATE_RUNS_LOOP_SECONDS", "server.services.late_runs.loop_seconds", Number, "5.0"),
    aliased("PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED", "PREFECT_API_SERVICES_PAUSE_EXPIRATIONS_ENABLED", "server.services.pause_expirations.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS", "PREFECT_API_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS", "server.services.pause_expirations.loop_seconds", Number, "5.0"),
    setting("PREFECT_SERVER_SERVICES_REPOSSESSOR_ENABLED", "server.services.repossessor.enabled", Flag, "True"),
    setting("PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS", "server.services.repossessor.loop_seconds", Number, "15.0"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_DEPLOYMENT_BATCH_SIZE", "PREFECT_API_SERVICES_SCHEDULER_DEPLOYMENT_BATCH_SIZE", "server.services.scheduler.deployment_batch_size", Whole, "100"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED", "PREFECT_API_SERVICES_SCHEDULER_ENABLED", "server.services.scheduler.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_INSERT_BATCH_SIZE", "PREFECT_API_SERVICES_SCHEDULER_INSERT_BATCH_SIZE", "server.services.scheduler.insert_batch_size", Whole, "500"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS", "PREFECT_API_SERVICES_SCHEDULER_LOOP_SECONDS", "server.services.scheduler.loop_seconds", Number, "60.0"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS", "PREFECT_API_SERVICES_SCHEDULER_MAX_RUNS", "server.services.scheduler.max_runs", Whole, "100"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME", "PREFECT_API_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME", "server.services.scheduler.max_scheduled_time", Period, "100 days, 0:00:00"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS", "PREFECT_API_SERVICES_SCHEDULER_MIN_RUNS", "server.services.scheduler.min_runs", Whole, "3"),
    aliased("PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME", "PREFECT_API_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME", "server.services.scheduler.min_scheduled_time", Period, "1:00:00"),
    setting("PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS", "server.services.scheduler.recent_deployments_loop_seconds", Number, "5.0"),
    setting("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE", "server.services.task_run_recorder.batch_size", Whole, "1"),
    aliased("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED", "PREFECT_API_SERVICES_TASK_RUN_RECORDER_ENABLED", "server.services.task_run_recorder.enabled", Flag, "True"),
    setting("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL", "server.services.task_run_recorder.flush_interval", Number, "5.0"),
    setting("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE", "server.services.task_run_recorder.read_batch_size", Whole, "1"),
    aliased("PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED", "PREFECT_API_SERVICES_TRIGGERS_ENABLED", "server.services.triggers.enabled", Flag, "True"),
    setting("PREFECT_SERVER_SERVICES_TRIGGERS_PG_NOTIFY_HEARTBEAT_INTERVAL_SECONDS", "server.services.triggers.pg_notify_heartbeat_interval_seconds", Whole, "5"),
    setting("PREFECT_SERVER_SERVICES_TRIGGERS_PG_NOTIFY_RECONNECT_INTERVAL_SECONDS", "server.services.triggers.pg_notify_reconnect_interval_seconds", Whole, "10"),
    setting("PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE", "server.services.triggers.read_batch_size", Whole, "1"),
    aliased("PREFECT_SERVER_TASKS_MAX_CACHE_KEY_LENGTH", "PREFECT_API_TASK_CACHE_KEY_MAX_LENGTH", "server.tasks.max_cache_key_length", Whole, "2000"),
    aliased("PREFECT_SERVER_TASKS_SCHEDULING_MAX_RETRY_QUEUE_SIZE", "PREFECT_TASK_SCHEDULING_MAX_RETRY_QUEUE_SIZE", "server.tasks.scheduling.max_retry_queue_size", Whole, "100"),
    aliased("PREFECT_SERVER_TASKS_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE", "PREFECT_TASK_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE", "server.tasks.scheduling.max_scheduled_queue_size", Whole, "1000"),
    aliased("PREFECT_SERVER_TASKS_SCHEDULING_PENDING_TASK_TIMEOUT", "PREFECT_TASK_SCHEDULING_PENDING_TASK_TIMEOUT", "server.tasks.scheduling.pending_task_timeout", Period, "0:00:00"),
    aliased("PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS", "PREFECT_TASK_RUN_TAG_CONCURRENCY_SLOT_WAIT_SECONDS", "server.tasks.tag_concurrency_slot_wait_seconds", Number, "10.0"),
    aliased("PREFECT_SERVER_UI_API_URL", "PREFECT_UI_API_URL", "server.ui.api_url", Text, "http://127.0.0.1:4200/api"),
    aliased("PREFECT_SERVER_UI_ENABLED", "PREFECT_UI_ENABLED", "server.ui.enabled", Flag, "True"),
    aliased("PREFECT_SERVER_UI_SERVE_BASE", "PREFECT_UI_SERVE_BASE", "server.ui.serve_base", Text, "/"),
    setting("PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT", "server.ui.show_promotional_content", Flag, "True"),
    aliased("PREFECT_SERVER_UI_STATIC_DIRECTORY", "PREFECT_UI_STATIC_DIRECTORY", "server.ui.static_directory", Text, "None"),
    setting("PREFECT_SERVER_UI_V2_ENABLED", "server.ui.v2_enabled", Flag, "True"),
    setting("PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_COMPLETED_IDEMPOTENCY_RETENTION_SECONDS", "server.worker_channel.cleanup_completed_idempotency_retention_seconds", Number, "None"),
    setting("PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_LEASE_SECONDS", "server.worker_channel.cleanup_lease_seconds", Number, "30.0"),
    setting("PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_MAX_DELIVERY_ATTEMPTS", "server.worker_channel.cleanup_max_delivery_attempts", Whole, "3"),
    setting("PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE", "server.worker_channel.cleanup_queue_storage", Text, "prefect.server.worker_communication.cleanup_queue.memory"),
    setting("PREFECT_SILENCE_API_URL_MISCONFIGURATION", "silence_api_url_misconfiguration", Flag, "False"),
    setting("PREFECT_TASKS_DEFAULT_NO_CACHE", "tasks.default_no_cache", Flag, "False"),
    setting("PREFECT_TASKS_DEFAULT_PERSIST_RESULT", "tasks.default_persist_result", Flag, "None"),
    aliased("PREFECT_TASKS_DEFAULT_RETRIES", "PREFECT_TASK_DEFAULT_RETRIES", "tasks.default_retries", Whole, "0"),
    aliased("PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS", "PREFECT_TASK_DEFAULT_RETRY_DELAY_SECONDS", "tasks.default_retry_delay_seconds", Any, "0"),
    setting("PREFECT_TASKS_DISABLE_CACHING", "tasks.disable_caching", Flag, "False"),
    setting("PREFECT_TASKS_REFRESH_CACHE", "tasks.refresh_cache", Flag, "False"),
    setting("PREFECT_TASKS_RUNNER_PROCESS_POOL_MAX_WORKERS", "tasks.runner.process_pool_max_workers", Whole, "None"),
    aliased("PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS", "PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS", "tasks.runner.thread_pool_max_workers", Whole, "None"),
    aliased("PREFECT_TASKS_SCHEDULING_DEFAULT_STORAGE_BLOCK", "PREFECT_TASK_SCHEDULING_DEFAULT_STORAGE_BLOCK", "tasks.scheduling.default_storage_block", Text, "None"),
    aliased("PREFECT_TASKS_SCHEDULING_DELETE_FAILED_SUBMISSIONS", "PREFECT_TASK_SCHEDULING_DELETE_FAILED_SUBMISSIONS", "tasks.scheduling.delete_failed_submissions", Flag, "True"),
    setting("PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS", "telemetry.enable_resource_metrics", Flag, "True"),
    setting("PREFECT_TELEMETRY_RESOURCE_METRICS_INTERVAL_SECONDS", "telemetry.resource_metrics_interval_seconds", Whole, "10"),
    aliased("PREFECT_TESTING_TEST_MODE", "PREFECT_TEST_MODE", "testing.test_mode", Flag, "False"),
    aliased("PREFECT_TESTING_TEST_SETTING", "PREFECT_TEST_SETTING", "testing.test_setting", Any, "FOO"),
    aliased("PREFECT_TESTING_UNIT_TEST_LOOP_DEBUG", "PREFECT_UNIT_TEST_LOOP_DEBUG", "testing.unit_test_loop_debug", Flag, "True"),
    aliased("PREFECT_TESTING_UNIT_TEST_MODE", "PREFECT_UNIT_TEST_MODE", "testing.unit_test_mode", Flag, "False"),
    setting("PREFECT_UI_URL", "ui_url", Text, "None"),
    setting("PREFECT_WORKER_CANCELLATION_POLL_SECONDS", "worker.cancellation_poll_seconds", Number, "120.0"),
    setting("PREFECT_WORKER_DEBUG_MODE", "worker.debug_mode", Flag, "False"),
    setting("PREFECT_WORKER_ENABLE_CANCELLATION", "worker.enable_cancellation", Flag, "False"),
    setting("PREFECT_WORKER_HEARTBEAT_SECONDS", "worker.heartbeat_seconds", Number, "30.0"),
    setting("PREFECT_WORKER_PREFETCH_SECONDS", "worker.prefetch_seconds", Number, "10.0"),
    setting("PREFECT_WORKER_QUERY_SECONDS", "worker.query_seconds", Number, "10.0"),
    setting("PREFECT_WORKER_WEBSERVER_HOST", "worker.webserver.host", Text, "0.0.0.0"),
    setting("PREFECT_WORKER_WEBSERVER_PORT", "worker.webserver.port", Whole, "8080"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_paths() {
        for Entry { name, .. } in ALL {
            let derived = format!("PREFECT_{}", name.path.replace('.', "_").to_uppercase());
            assert_eq!(name.canonical, derived);
        }
    }

    #[test]
    fn finds_settings_by_unique_names() {
        for Entry { name, .. } in ALL {
            for known in name.names() {
                assert_eq!(find(known).map(|entry| entry.name), Some(*name), "{known}");
            }
        }
        assert!(find("PREFECT_NOPE").is_none());
        assert!(ALL.is_sorted_by_key(|entry| entry.name.canonical));
    }

    #[test]
    fn defaults_are_valid() {
        let written = |entry: &&Entry| !matches!(entry.default, "None" | "set()" | "{}");
        for entry in ALL.iter().filter(written) {
            let is_period = matches!(entry.kind, Period);
            assert!(is_period || entry.kind.check(entry.default).is_ok(), "{}", entry.name.canonical);
        }
    }
}
