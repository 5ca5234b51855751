//! `tiphys-controller`: wiring, and nothing else.

mod args;
mod config;
mod health;
mod plugins;

use args::{Args, LogFormat};
use clap::Parser;
use config::Config;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tiphys_cluster::{ExecutorPlugins, Metrics, Settings, Traces, Turn, config_map, operate_all};
use tiphys_host::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// How often the configuration is looked at.
const RELOAD: Duration = Duration::from_secs(5);

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
    let source = Source {
        home: cluster.default_namespace.clone(),
        name: args.configmap.clone(),
        cluster,
    };
    let mut data = source.read().await?;
    let mut config = Config::read(&data).map_err(|error| error.to_string())?;
    let key = args.plugin_key.as_deref();
    let plugins = plugins::load(args.cache.clone(), &args.plugin, key).await?;
    let metrics: Arc<Metrics> = Arc::default();
    let traces = Traces::from_env()?;
    let mut stop = Box::pin(ended().map_err(|error| format!("listen for signals: {error}"))?);
    health::health(&args.health).await?;
    health::metrics(&args.metrics, metrics.clone()).await?;
    let turn = turn(&args, &config, &source.home);
    if let Some(turn) = &turn {
        tokio::select! {
            turn = turn.wait(&source.cluster) => turn.map_err(|error| error.to_string())?,
            () = &mut stop => return Ok(()),
        }
    }
    metrics.lead(true);
    let mut delay = config.initial_delay;
    loop {
        for name in &config.unapplied {
            tracing::warn!("option `{name}` of the configuration is not applied by this version");
        }
        metrics.keep(config.metrics_ttl);
        let settings = settings(
            &args,
            config,
            &source.home,
            &plugins,
            &metrics,
            traces.clone(),
        );
        let mut changed = None;
        // What hears of a change is done with when the round is.
        {
            let over = async {
                tokio::select! {
                    () = &mut stop => {}
                    new = source.changed(&data) => changed = Some(new),
                }
            };
            let mut over = pin!(over);
            let work = async {
                tokio::select! {
                    () = tokio::time::sleep(std::mem::take(&mut delay)) => {}
                    () = &mut over => return Ok(()),
                }
                operate_all(source.cluster.clone(), settings, over).await
            };
            match &turn {
                Some(turn) => tokio::select! {
                    done = work => done.map_err(|error| error.to_string())?,
                    lost = turn.keep(&source.cluster) => return Err(lost.to_string()),
                },
                None => work.await.map_err(|error| error.to_string())?,
            }
        }
        let Some(new) = changed else { break };
        tracing::info!("the configuration has changed: all workflows are taken up anew");
        (data, config) = new;
    }
    if let Some(turn) = turn {
        turn.give_up(&source.cluster).await;
    }
    if let Some(traces) = traces {
        traces.flush().await;
    }
    Ok(())
}

/// By whose leave it runs; none: nobody's.
fn turn(args: &Args, config: &Config, home: &str) -> Option<Turn> {
    if args.no_lease {
        return None;
    }
    let instance = args.instanceid.as_ref().or(config.instance_id.as_ref());
    let instance = instance.map_or_else(String::new, |id| format!("-{id}"));
    let lasts = Duration::from_secs(args.lease_seconds);
    Some(Turn {
        namespace: home.to_owned(),
        name: format!("workflow-controller{instance}"),
        identity: args.identity.clone().unwrap_or_else(host),
        lasts,
        every: lasts / 3,
    })
}

fn settings(
    args: &Args,
    config: Config,
    home: &str,
    plugins: &Arc<Registry>,
    metrics: &Arc<Metrics>,
    traces: Option<Traces>,
) -> Settings {
    let executor = config.executor;
    let image = executor.as_ref().and_then(|given| given.image.clone());
    let policy = executor
        .as_ref()
        .and_then(|given| given.image_pull_policy.clone());
    let managed = args.managed_namespace.clone();
    let mut options = config.workflows;
    let allowed = &args.workflow_user_override_allowlist;
    options.restrictions.allowed.clone_from(allowed);
    Settings {
        pods: tiphys_pods::Settings {
            executor_image: args.executor_image.clone().or(image).unwrap_or_else(|| {
                concat!("tiphys/executor:v", env!("CARGO_PKG_VERSION")).to_owned()
            }),
            executor_pull_policy: args.executor_image_pull_policy.clone().or(policy),
            executor,
            git_image: args.git_image.clone(),
            main_container: config.main_container,
            instance_id: args.instanceid.clone().or(config.instance_id),
            images: config.images,
            traced: traces.is_some(),
        },
        namespace: args
            .namespaced
            .then(|| managed.unwrap_or_else(|| home.to_owned())),
        home: home.to_owned(),
        plugins: Some(plugins.clone()),
        executor_plugins: ExecutorPlugins {
            cluster: args.executor_plugins,
            workflow: args.workflow_level_executor_plugins,
        },
        metrics: metrics.clone(),
        traces,
        scratch: scratch(args.cache.as_deref()),
        options,
    }
}

/// Beside the cache, which is where a controller may write.
fn scratch(cache: Option<&Path>) -> PathBuf {
    let beside = cache.map(|cache| cache.with_file_name("artifacts"));
    beside.unwrap_or_else(|| std::env::temp_dir().join(format!("tiphys-{}", std::process::id())))
}

/// Where the configuration is.
struct Source {
    cluster: tiphys_cluster::Config,
    home: String,
    name: String,
}

type Data = BTreeMap<String, String>;

impl Source {
    /// # Errors
    /// It cannot be read; that it is not there is no fault.
    async fn read(&self) -> Result<Data, String> {
        let data = config_map(&self.cluster, &self.home, &self.name).await;
        let data = data.map_err(|error| {
            let Source { home, name, .. } = self;
            format!("read ConfigMap `{name}` of namespace `{home}`: {error}")
        })?;
        Ok(data.unwrap_or_default())
    }

    /// Waits until the configuration is another one that can be applied. It is asked for, and not watched: the right to read one ConfigMap
    /// is enough.
    async fn changed(&self, applied: &Data) -> (Data, Config) {
        let id = |config: Result<Config, _>| config.ok().and_then(|of: Config| of.instance_id);
        let mut refused = None;
        loop {
            tokio::time::sleep(RELOAD).await;
            let Ok(data) = self.read().await else {
                continue;
            };
            if data == *applied || refused.as_ref() == Some(&data) {
                continue;
            }
            match Config::read(&data) {
                Ok(config) if config.instance_id == id(Config::read(applied)) => {
                    return (data, config);
                }
                Ok(_) => tracing::error!(
                    "the configuration has another instanceID, which only a new start applies; nothing of it is applied"
                ),
                Err(error) => tracing::error!(
                    "the configuration has changed, and is not applied: failed to {error}"
                ),
            }
            refused = Some(data);
        }
    }
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
