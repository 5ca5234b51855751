//! Whether a container is ready, as its readiness probe says.

use std::collections::BTreeMap;
use std::net::{TcpStream, ToSocketAddrs};
use std::process::Stdio;
use std::time::Duration;

use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::part::Part;
use crate::sandbox::Container;

/// Kubernetes looks every ten seconds unless told otherwise; on one machine nobody wants to wait for that.
const LOOK: Duration = Duration::from_secs(1);

/// A readiness probe, its names resolved.
#[derive(Clone)]
pub(super) struct Readiness {
    check: Check,
    delay: Duration,
    period: Duration,
    timeout: Duration,
    /// How often in a row it has to say yes.
    threshold: u32,
}

#[derive(Clone)]
enum Check {
    Exec {
        argv: Vec<String>,
        env: Vec<(String, String)>,
    },
    Http {
        url: String,
        headers: Vec<(String, String)>,
    },
    Tcp {
        host: String,
        port: u16,
    },
}

impl Readiness {
    /// None: the container has no probe and is ready once it runs.
    pub(super) fn of(part: &Part, container: &Container) -> Result<Option<Readiness>, String> {
        let Some(probe) = &part.readiness else {
            return Ok(None);
        };
        let ports = part
            .ports
            .iter()
            .filter_map(|port| Some((port.name.clone()?, port.container_port)))
            .collect();
        let check = check(probe, container, &ports)
            .map_err(|reason| format!("container `{}`: readinessProbe: {reason}", part.name))?;
        let seconds = |given: Option<i32>, otherwise: u64| {
            Duration::from_secs(
                given
                    .and_then(|given| u64::try_from(given).ok())
                    .filter(|given| *given > 0)
                    .unwrap_or(otherwise),
            )
        };
        Ok(Some(Readiness {
            check,
            delay: seconds(probe.initial_delay_seconds, 0),
            period: seconds(probe.period_seconds, 10).min(LOOK),
            timeout: seconds(probe.timeout_seconds, 1),
            threshold: probe
                .success_threshold
                .and_then(|times| u32::try_from(times).ok())
                .unwrap_or(1)
                .max(1),
        }))
    }

    /// Returns once the container is ready. `pid` is its process.
    pub(super) async fn wait(self, pid: Option<u32>) {
        tokio::time::sleep(self.delay).await;
        let mut said = 0;
        while said < self.threshold {
            let yes = self.ask(pid).await;
            said = if yes { said + 1 } else { 0 };
            if said < self.threshold {
                tokio::time::sleep(self.period).await;
            }
        }
    }

    async fn ask(&self, pid: Option<u32>) -> bool {
        match &self.check {
            Check::Exec { argv, env } => {
                let run = inside(argv, env, pid).status();
                matches!(tokio::time::timeout(self.timeout, run).await, Ok(Ok(status)) if status.success())
            }
            Check::Http { url, headers } => {
                let (url, headers, timeout) = (url.clone(), headers.clone(), self.timeout);
                tokio::task::spawn_blocking(move || http(&url, &headers, timeout))
                    .await
                    .unwrap_or(false)
            }
            Check::Tcp { host, port } => {
                let (address, timeout) = ((host.clone(), *port), self.timeout);
                tokio::task::spawn_blocking(move || {
                    let addresses = address.to_socket_addrs().into_iter().flatten();
                    addresses
                        .into_iter()
                        .any(|address| TcpStream::connect_timeout(&address, timeout).is_ok())
                })
                .await
                .unwrap_or(false)
            }
        }
    }
}

fn check(
    probe: &k8s::Probe,
    container: &Container,
    ports: &BTreeMap<String, i32>,
) -> Result<Check, String> {
    let port = |port: &IntOrString| -> Result<u16, String> {
        let number = match port {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(name) => ports.get(name).copied().or_else(|| name.parse().ok()),
        };
        number
            .and_then(|number| u16::try_from(number).ok())
            .ok_or_else(|| format!("there is no port {port:?}"))
    };
    let here = |host: &Option<String>| {
        host.clone()
            .filter(|host| !host.is_empty())
            .unwrap_or_else(|| "127.0.0.1".to_owned())
    };
    if let Some(exec) = &probe.exec {
        let argv = exec.command.clone().unwrap_or_default();
        return if argv.is_empty() {
            Err("exec has no command".to_owned())
        } else {
            Ok(Check::Exec {
                argv,
                env: container.env.clone(),
            })
        };
    }
    if let Some(http) = &probe.http_get {
        let scheme = http.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
        let path = http.path.as_deref().unwrap_or("/").trim_start_matches('/');
        let headers = http
            .http_headers
            .iter()
            .flatten()
            .map(|header| (header.name.clone(), header.value.clone()))
            .collect();
        return Ok(Check::Http {
            url: format!(
                "{scheme}://{}:{}/{path}",
                here(&http.host),
                port(&http.port)?
            ),
            headers,
        });
    }
    if let Some(tcp) = &probe.tcp_socket {
        return Ok(Check::Tcp {
            host: here(&tcp.host),
            port: port(&tcp.port)?,
        });
    }
    Err("only exec, httpGet and tcpSocket can be asked on one machine".to_owned())
}

fn http(url: &str, headers: &[(String, String)], timeout: Duration) -> bool {
    let tls = ureq::tls::TlsConfig::builder()
        .disable_verification(true)
        .build();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .tls_config(tls)
        .build();
    let mut call = ureq::Agent::from(config).get(url);
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.call()
        .is_ok_and(|answer| (200..400).contains(&answer.status().as_u16()))
}

/// A command in the namespaces of a process.
fn inside(argv: &[String], env: &[(String, String)], pid: Option<u32>) -> tokio::process::Command {
    let other = |pid: u32, kind: &str| {
        let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok();
        namespace(&pid.to_string()) != namespace("self")
    };
    let mut command = match pid.filter(|pid| other(*pid, "mnt")) {
        Some(pid) => {
            let mut enter = tokio::process::Command::new("nsenter");
            enter.args(["--target", &pid.to_string(), "--mount", "--wd=/"]);
            if other(pid, "pid") {
                enter.arg("--pid");
            }
            if other(pid, "user") {
                enter.args(["--user", "--preserve-credentials"]);
            }
            enter.arg("--").args(argv);
            enter
        }
        None => {
            let mut plain = tokio::process::Command::new(&argv[0]);
            plain.args(&argv[1..]);
            plain
        }
    };
    command.envs(env.iter().map(|(name, value)| (name, value)));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}
