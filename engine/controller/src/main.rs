//! `tiphys-controller`: wiring, and nothing else.

mod args;

use args::{Args, LogFormat};
use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use tiphys_cluster::{Config, Settings, operate_all};
use tiphys_host::{Cache, Host, Options, Registry};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    log(&args);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = runtime
        .map_err(|error| format!("start a runtime: {error}"))
        .and_then(|runtime| runtime.block_on(run(args)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            tracing::error!("failed to {reason}");
            ExitCode::FAILURE
        }
    }
}

fn log(args: &Args) {
    let filter = EnvFilter::try_new(&args.loglevel).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

async fn run(args: Args) -> Result<(), String> {
    let config = Config::infer().await;
    let config = config.map_err(|error| format!("find a cluster: {error}"))?;
    let cache = args.cache.map(Cache::new);
    let plugins = Registry::built_in(Host::new(Options { cache }), &[]);
    let own = config.default_namespace.clone();
    let settings = Settings {
        pods: tiphys_pods::Settings {
            executor_image: args.executor_image,
            executor_pull_policy: args.executor_image_pull_policy,
            instance_id: args.instanceid,
            ..tiphys_pods::Settings::default()
        },
        namespace: args
            .namespaced
            .then(|| args.managed_namespace.unwrap_or(own)),
        plugins: Some(Arc::new(plugins)),
    };
    let stop = ended().map_err(|error| format!("listen for signals: {error}"))?;
    let done = operate_all(config, settings, stop).await;
    done.map_err(|error| error.to_string())
}

/// Ends with TERM or INT.
fn ended() -> std::io::Result<impl Future<Output = ()>> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
