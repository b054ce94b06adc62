//! The operations behind the commands. They return what happened; printing is the caller's.

mod deployment_run;
mod python;
mod run_arguments;
mod work_pool;
