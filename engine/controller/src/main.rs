//! `tiphys-controller`: wiring, and nothing else.

mod args;
mod config;
mod health;

use args::{Args, LogFormat};
use clap::Parser;
use config::Config;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tiphys_cluster::{Restrictions, Settings, Turn, config_map, operate_all};
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
    let cluster = tiphys_cluster::Config::infer().await;
    let cluster = cluster.map_err(|error| format!("find a cluster: {error}"))?;
    let own = cluster.default_namespace.clone();
    let home = own.clone();
    let data = config_map(&cluster, &own, &args.configmap).await;
    let data = data.map_err(|error| {
        let name = &args.configmap;
        format!("read ConfigMap `{name}` of namespace `{own}`: {error}")
    })?;
    let config = Config::read(&data.unwrap_or_default()).map_err(|error| error.to_string())?;
    for name in &config.unapplied {
        tracing::warn!("option `{name}` of the configuration is not applied by this version");
    }
    let cache = args.cache.map(Cache::new);
    let plugins = Registry::built_in(Host::new(Options { cache }), &[]);
    let executor = config.executor;
    let image = executor.as_ref().and_then(|given| given.image.clone());
    let policy = executor
        .as_ref()
        .and_then(|given| given.image_pull_policy.clone());
    let settings = Settings {
        pods: tiphys_pods::Settings {
            executor_image: args.executor_image.or(image).unwrap_or_else(|| {
                concat!("tiphys/executor:v", env!("CARGO_PKG_VERSION")).to_owned()
            }),
            executor_pull_policy: args.executor_image_pull_policy.or(policy),
            executor,
            main_container: config.main_container,
            instance_id: args.instanceid.or(config.instance_id),
            images: config.images,
        },
        namespace: args
            .namespaced
            .then(|| args.managed_namespace.unwrap_or(own)),
        home: home.clone(),
        repository: config.repository,
        plugins: Some(Arc::new(plugins)),
        metrics: Arc::default(),
        parallelism: config.parallelism,
        pod_rate: config.pod_rate,
        defaults: config.defaults,
        restrictions: Restrictions {
            referencing: config.referencing,
            allowed: args.workflow_user_override_allowlist,
        },
        telling: config.telling,
        pod_gc: config.pod_gc,
        restarts: config.restarts,
    };
    let mut stop = Box::pin(ended().map_err(|error| format!("listen for signals: {error}"))?);
    health::health(&args.health).await?;
    let metrics = settings.metrics.clone();
    health::metrics(&args.metrics, metrics.clone()).await?;
    if args.no_lease {
        metrics.lead(true);
        let done = operate_all(cluster, settings, stop).await;
        return done.map_err(|error| error.to_string());
    }
    let instance = settings.pods.instance_id.as_ref();
    let instance = instance.map_or_else(String::new, |id| format!("-{id}"));
    let lasts = Duration::from_secs(args.lease_seconds);
    let turn = Turn {
        namespace: home,
        name: format!("workflow-controller{instance}"),
        identity: args.identity.unwrap_or_else(host),
        lasts,
        every: lasts / 3,
    };
    tokio::select! {
        turn = turn.wait(&cluster) => turn.map_err(|error| error.to_string())?,
        () = &mut stop => return Ok(()),
    }
    metrics.lead(true);
    let done = tokio::select! {
        done = operate_all(cluster.clone(), settings, stop) => done.map_err(|error| error.to_string()),
        lost = turn.keep(&cluster) => return Err(lost.to_string()),
    };
    turn.give_up(&cluster).await;
    done
}

/// The machine's name, and a number: two that run on one machine are not the same. In a pod the name is the pod's, and the number always 1.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}-{}", name.trim(), std::process::id())
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
