//! What a machine does not do for a step is told; what it does, and what nobody asked for, is not.

use crate::bench::{planned, submitted};

const HEAD: &str = "kind: Workflow\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n";

/// Of a workflow that calls the template `t` twice: the lines without what all of them say.
fn told(workflow: &str, t: &str) -> Vec<String> {
    let yaml = format!(
        "{HEAD}{workflow}  templates:\n  - name: main\n    steps: [[{{name: a, template: t}}, {{name: b, template: t}}]]\n  - name: t\n{t}"
    );
    let lines = tiphys_local::unapplied(&planned(&submitted(&yaml))).into_iter();
    lines
        .map(|line| line.replace(": without effect on this machine: ", ": "))
        .collect()
}

#[track_caller]
fn check(t: &str, expected: &str) {
    assert_eq!(told("", t), [format!("template `t`: {expected}")]);
}

#[test]
fn what_is_not_done_is_told_once_for_each_template() {
    check(
        "    container: {image: x, command: ['true'], securityContext: {runAsUser: 1000, runAsGroup: 7, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}\n",
        "container.securityContext.allowPrivilegeEscalation, container.securityContext.capabilities, \
         container.securityContext.runAsGroup, container.securityContext.runAsUser",
    );
    check(
        "    script: {image: x, command: [sh], source: 'true', livenessProbe: {tcpSocket: {port: 80}}, startupProbe: {exec: {command: ['true']}}}\n",
        "script.livenessProbe, script.startupProbe",
    );
    check(
        "    container: {image: x, command: ['true'], lifecycle: {preStop: {exec: {command: ['true']}}}}\n",
        "container.lifecycle.preStop",
    );
    check(
        "    securityContext: {runAsNonRoot: true}\n    container: {image: x, command: ['true']}\n    \
         initContainers: [{name: i, image: x, command: ['true'], securityContext: {privileged: true}}]\n    \
         sidecars: [{name: s, image: x, command: ['true'], livenessProbe: {tcpSocket: {port: 80}}}]\n    \
         volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}]\n",
        "securityContext.runAsNonRoot, initContainers[i].securityContext.privileged, sidecars[s].livenessProbe, \
         volumes[v].emptyDir.sizeLimit",
    );
}

#[test]
fn what_holds_for_all_templates_is_told_once() {
    let told = told(
        "  securityContext: {fsGroup: 5}\n  volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}, {name: w, emptyDir: {}}]\n",
        "    container: {image: x, command: ['true']}\n",
    );
    assert_eq!(
        told,
        ["the workflow: securityContext.fsGroup, volumes[v].emptyDir.sizeLimit"]
    );
}

#[test]
fn nothing_is_told_of_what_is_done_or_not_asked_for() {
    let told = told(
        "  securityContext: {}\n  volumes: [{name: v, emptyDir: {}}]\n",
        "    container:\n      image: x\n      command: ['true']\n      securityContext: {}\n      volumeMounts: [{name: v, mountPath: /v}]\n      \
         readinessProbe: {tcpSocket: {port: 80}}\n      resources: {limits: {memory: 1Gi, cpu: 1}}\n      env: [{name: A, value: b}]\n    \
         sidecars: [{name: s, image: x, command: ['true']}]\n",
    );
    assert!(told.is_empty(), "{told:?}");
}
