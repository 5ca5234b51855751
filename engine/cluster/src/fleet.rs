//! All workflows of a controller: who is to run is run, and everybody hears what concerns them.

use crate::admission::{self, Asks, LIMIT, Queue};
use crate::agent::AnyKind;
use crate::client::patiently;
use crate::client::told;
use crate::cron::Clocks;
use crate::events::Events;
use crate::expiry;
use crate::follow::{Named, News, follow};
use crate::gc;
use crate::granted::{self, Granted};
use crate::ground::{Ground, Rate, Settings};
use crate::kinds::{Meta, scope, workflows};
use crate::locks::Locks;
use crate::names::{COMPLETED, PHASE};
use crate::pods::orphaned;
use crate::refuse::{Fault, refuse};
use crate::retention::Retained;
use crate::retire;
use crate::shelf::{self, Shelf};
use crate::workflow::{Id, Letter, operate};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::Config;
use kube::{Api, Client, ResourceExt};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tiphys_graph::{Kinds, NoKinds};
use tiphys_pods::{INSTANCE_ID, WORKFLOW};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

/// Pods that may be on their way to the API server at once.
const ROOM: usize = 64;

enum Event {
    Workflow(Box<News<Meta>>),
    Pod(Box<News<Pod>>),
    Namespace(Box<News<PartialObjectMeta<Namespace>>>),
    /// What the place of a workflow depends on that may have to wait; none: it cannot be read.
    Asks(Id, Option<Asks>),
    /// The templates have been read.
    Shelved,
    Ended(Id),
    /// What was to be done for a workflow's artifacts is done.
    Collected(Id),
    /// The locks of all workflows that ran before are theirs again.
    Settled,
}

/// A watch has ended. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
#[error("watch the cluster{}", .0.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
pub struct Blind(Option<String>);

/// Runs every workflow of the cluster, or of the settings' namespace, until `stop` ends.
///
/// # Errors
/// It sees nothing any more.
pub async fn operate_all(
    config: kube::Config,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> Result<(), Blind> {
    let client = Client::try_from(config.clone()).map_err(|error| Blind(Some(told(&error))))?;
    let kinds: Arc<dyn Kinds> = match &settings.plugins {
        Some(registry) => registry.clone(),
        None => Arc::new(NoKinds),
    };
    let kinds = match settings.executor_plugins.any() {
        true => Arc::new(AnyKind(kinds)),
        false => kinds,
    };
    let namespace = settings.namespace.clone();
    let defaults = settings.options.defaults.spec.clone();
    let shelf = Shelf::new(client.clone(), namespace.clone(), kinds, defaults);
    let shelf = Arc::new(shelf);
    let sayings = Events::new(client.clone(), settings.options.telling);
    let granted = Granted::new(client.clone(), namespace.clone(), sayings.clone());
    let granted = Arc::new(granted);
    let queue = Queue::new(settings.options.parallelism);
    let locks = Arc::new(Locks::new(client.clone()));
    let ground = Arc::new(Ground {
        config,
        accounts: Default::default(),
        client: client.clone(),
        shelf: shelf.clone(),
        granted: granted.clone(),
        locks,
        wire: Arc::default(),
        room: Semaphore::new(ROOM),
        events: sayings,
        images: Default::default(),
        rate: settings.options.pod_rate.and_then(Rate::limiter),
        settings,
    });
    let (events, inbox) = mpsc::unbounded_channel();
    let mut watches = JoinSet::new();
    let (ready, mut shelved) = watch::channel(0);
    watches.spawn(shelf.watch(ready.clone()));
    watches.spawn(granted.watch(ready));
    let tell = events.clone();
    watches.spawn(async move {
        let _ = shelved
            .wait_for(|count| *count >= shelf::WATCHES + granted::WATCHES)
            .await;
        let _ = tell.send(Event::Shelved);
        std::future::pending().await
    });
    let instance = match &ground.settings.pods.instance_id {
        Some(id) => format!("{INSTANCE_ID}={id}"),
        None => format!("!{INSTANCE_ID}"),
    };
    let tell = events.clone();
    watches.spawn(follow(
        "Workflows",
        scope(&client, namespace.as_deref(), &workflows()),
        Config::default().labels(&instance),
        move |news| _ = tell.send(Event::Workflow(Box::new(news))),
    ));
    let api: Api<Pod> = match &namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let tell = events.clone();
    let pods = format!("{WORKFLOW},{}!=true,{instance}", tiphys_pods::COMPLETED);
    watches.spawn(follow(
        "Pods",
        api,
        Config::default().labels(&pods),
        move |news| _ = tell.send(Event::Pod(Box::new(news))),
    ));
    // Who runs the workflows of one namespace asks nothing of the cluster.
    if namespace.is_none() {
        let (tell, api) = (events.clone(), Api::all(client.clone()));
        let tell = move |news| _ = tell.send(Event::Namespace(Box::new(news)));
        watches.spawn(follow("Namespaces", api, Config::default(), tell));
    }
    let clocks = Clocks::default();
    watches.spawn(clocks.clone().run(ground.clone(), instance));
    let fleet = Fleet {
        clocks,
        events,
        inbox,
        running: HashMap::new(),
        pods: HashMap::new(),
        uids: HashMap::new(),
        names: HashMap::new(),
        expiring: HashMap::new(),
        collecting: HashMap::new(),
        retained: Retained::new(ground.settings.options.retention),
        ground,
        waiting: Some(Waiting {
            namespaces: namespace.is_some(),
            ..Waiting::default()
        }),
        queue,
    };
    fleet.run(watches, stop).await
}

struct Fleet {
    ground: Arc<Ground>,
    clocks: Clocks,
    events: mpsc::UnboundedSender<Event>,
    inbox: mpsc::UnboundedReceiver<Event>,
    /// The workflows that run.
    running: HashMap<Arc<str>, Running>,
    /// By workflow and name: those that have not been let go.
    pods: HashMap<Arc<str>, BTreeMap<String, Arc<Pod>>>,
    /// The workflows that are there.
    uids: HashMap<Named, Arc<str>>,
    /// Which workflow a pod belongs to.
    names: HashMap<Named, Arc<str>>,
    /// Workflows that have ended and wait for their end as objects.
    expiring: HashMap<Arc<str>, AbortHandle>,
    /// Workflows whose artifacts are being deleted, as the watch told of them when that began, and last.
    collecting: HashMap<Arc<str>, Collecting>,
    /// Those that have ended and stay.
    retained: Retained,
    /// Who may run.
    queue: Queue,
    /// Not all watches have told what was there at the beginning.
    waiting: Option<Waiting>,
}

#[derive(Default)]
struct Waiting {
    pods: bool,
    workflows: bool,
    templates: bool,
    namespaces: bool,
    /// And whether they had begun.
    begin: Vec<(Id, bool)>,
}

struct Collecting {
    first: Meta,
    last: Meta,
    task: AbortHandle,
}

struct Running {
    id: Id,
    letters: mpsc::UnboundedSender<Letter>,
    /// It is to be run again once it has ended: somebody asked for a retry meanwhile.
    again: bool,
    /// As the watch told of it last.
    last: Option<Meta>,
}

impl Fleet {
    async fn run(
        mut self,
        mut watches: JoinSet<()>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Blind> {
        let done = self.work(&mut watches, stop).await;
        // Another one may follow in this process, and see to what comes.
        watches.shutdown().await;
        self.clocks.stop();
        self.expiring.values().for_each(AbortHandle::abort);
        let collecting = self.collecting.values();
        collecting.for_each(|one| one.task.abort());
        done
    }

    async fn work(
        &mut self,
        watches: &mut JoinSet<()>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Blind> {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                event = self.inbox.recv() => match event {
                    Some(event) => self.take(event),
                    None => return Ok(()),
                },
                () = &mut stop => break,
                // They have no end of their own: without one of them the rest would be half blind.
                ended = watches.join_next() => {
                    return Err(Blind(ended.and_then(Result::err).map(|error| error.to_string())));
                }
            }
        }
        // Everybody stores what they know, and leaves.
        for one in self.running.values() {
            let _ = one.letters.send(Letter::Leave);
        }
        while !self.running.is_empty() {
            match self.inbox.recv().await {
                Some(Event::Ended(id)) => _ = self.running.remove(&id.uid),
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Workflow(news) => match *news {
                News::Is(meta) => self.workflow(&meta),
                News::Gone(named) => self.workflow_gone(&named),
                News::Synced => self.synced(|waiting| waiting.workflows = true),
            },
            Event::Pod(news) => match *news {
                News::Is(pod) => self.pod(pod),
                News::Gone(named) => self.pod_gone(&named),
                News::Synced => self.synced(|waiting| waiting.pods = true),
            },
            Event::Namespace(news) => self.namespace(*news),
            Event::Asks(id, asks) => self.place(&id, asks),
            Event::Shelved => self.synced(|waiting| waiting.templates = true),
            Event::Settled => self.ground.locks.open(),
            Event::Ended(id) => self.ended(&id),
            Event::Collected(id) => self.collected(&id),
        }
    }

    /// Once all is known that was there, those begin that waited for it.
    fn synced(&mut self, news: impl FnOnce(&mut Waiting)) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        news(waiting);
        if !(waiting.pods && waiting.workflows && waiting.templates && waiting.namespaces) {
            return;
        }
        let begin = std::mem::take(&mut waiting.begin);
        self.waiting = None;
        tracing::info!(workflows = begin.len(), "all is known; workflows go on");
        let left = Arc::new(AtomicUsize::new(begin.len() + 1));
        for (id, begun) in begin {
            let (left, events) = (left.clone(), self.events.clone());
            self.admit(id, begun, move || settle(&left, &events));
        }
        settle(&left, &self.events);
        let orphans: Vec<Arc<Pod>> = self
            .pods
            .values()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect();
        orphans.into_iter().for_each(|pod| self.orphan(&pod));
    }

    fn workflow(&mut self, meta: &Meta) {
        let Some(uid) = meta.metadata.uid.as_deref() else {
            return;
        };
        let id = Id {
            namespace: meta.namespace().unwrap_or_default(),
            name: meta.name_any(),
            uid: uid.into(),
        };
        self.clocks.tell(meta);
        let phase = meta.labels().get(PHASE).map_or("", String::as_str);
        let metrics = &self.ground.settings.metrics;
        metrics.workflow(&id.uid, phase, &id.namespace);
        let named = (id.namespace.clone(), id.name.clone());
        let before = self.uids.insert(named, id.uid.clone());
        // One of the same name has taken its place while the watch was away.
        if let Some(uid) = before.filter(|uid| *uid != id.uid) {
            self.gone(&uid);
        }
        let over = meta.labels().get(COMPLETED).map(String::as_str) == Some("true");
        // It stays for its artifacts only.
        let leaves = gc::due(meta) && meta.metadata.deletion_timestamp.is_some();
        if let Some(one) = self.running.get_mut(&id.uid) {
            one.again = !over && !leaves;
            one.last = Some(meta.clone());
            if leaves {
                let _ = one.letters.send(Letter::Deleted);
                return;
            }
            let version = meta.resource_version().unwrap_or_default();
            let _ = one.letters.send(Letter::Changed(version));
            return;
        }
        if over || leaves {
            self.collect(meta, &id);
            return self.expire(meta, id);
        }
        self.stay(&id.uid);
        self.retained.gone(&id.uid);
        let begun = phase == "Running";
        match &mut self.waiting {
            Some(waiting) => {
                waiting.begin.retain(|(known, _)| known.uid != id.uid);
                waiting.begin.push((id, begun));
            }
            None => self.admit(id, begun, || ()),
        }
    }

    /// Begins a workflow, unless it may have to wait until others have ended.
    fn admit(&mut self, id: Id, begun: bool, settled: impl FnOnce() + Send + 'static) {
        if begun || !self.queue.bounded(&id.namespace) {
            self.queue.enter(&id.uid, &id.namespace);
            return self.begin(id, settled);
        }
        // It has not begun, and holds no lock.
        settled();
        let (ground, events) = (self.ground.clone(), self.events.clone());
        tokio::spawn(async move {
            let asks = admission::asks(&ground, &id).await;
            let _ = events.send(Event::Asks(id, asks));
        });
    }

    /// Gives a workflow its place among those that wait.
    fn place(&mut self, id: &Id, asks: Option<Asks>) {
        let named = (id.namespace.clone(), id.name.clone());
        if self.running.contains_key(&id.uid) || self.uids.get(&named) != Some(&id.uid) {
            return;
        }
        let Some(asks) = asks else { return };
        if asks.ends {
            self.queue.enter(&id.uid, &id.namespace);
            return self.begin(id.clone(), || ());
        }
        self.queue.wait(id, asks.priority, asks.created);
        self.next();
        if self.queue.waits(&id.uid) && !asks.told {
            let (ground, id) = (self.ground.clone(), id.clone());
            tokio::spawn(async move { admission::postpone(&ground, &id, &asks).await });
        }
    }

    /// Those begin for whom there is room now.
    fn next(&mut self) {
        while let Some(id) = self.queue.next() {
            self.begin(id, || ());
        }
    }

    fn namespace(&mut self, news: News<PartialObjectMeta<Namespace>>) {
        match news {
            News::Is(meta) => {
                let limit = meta.labels().get(LIMIT);
                let number = limit.and_then(|limit| limit.parse().ok());
                if let (Some(limit), None) = (limit, number) {
                    let namespace = meta.name_any();
                    tracing::warn!(namespace, "label {LIMIT} is no number: {limit}");
                }
                self.queue.label(&meta.name_any(), number);
            }
            News::Gone((_, name)) => self.queue.label(&name, None),
            News::Synced => return self.synced(|waiting| waiting.namespaces = true),
        }
        if self.waiting.is_none() {
            self.next();
        }
    }

    /// A workflow that has ended goes when its time comes.
    fn expire(&mut self, meta: &Meta, id: Id) {
        self.retained.ended(&self.ground, meta, &id);
        let (Some(at), Some(version)) = (expiry::read(meta), meta.resource_version()) else {
            return;
        };
        if meta.metadata.deletion_timestamp.is_some() {
            return;
        }
        let (ground, uid) = (self.ground.clone(), id.uid.clone());
        let task = tokio::spawn(async move { expiry::expire(&ground, &id, &version, at).await });
        self.stay(&uid);
        self.expiring.insert(uid, task.abort_handle());
    }

    /// The artifacts of a workflow that does not run are deleted, if it is time.
    fn collect(&mut self, meta: &Meta, id: &Id) {
        if let Some(one) = self.collecting.get_mut(&id.uid) {
            one.last = meta.clone();
            return;
        }
        if !gc::due(meta) {
            return;
        }
        let (ground, of) = (self.ground.clone(), id.clone());
        let work = tokio::spawn(async move { gc::collect(&ground, &of).await });
        let one = Collecting {
            first: meta.clone(),
            last: meta.clone(),
            task: work.abort_handle(),
        };
        self.collecting.insert(id.uid.clone(), one);
        let (ground, id, events) = (self.ground.clone(), id.clone(), self.events.clone());
        tokio::spawn(async move {
            if work.await.is_err_and(|error| error.is_panic()) {
                ground.settings.metrics.fault("OperationPanic");
            }
            let _ = events.send(Event::Collected(id));
        });
    }

    fn collected(&mut self, id: &Id) {
        let Some(Collecting { first, last, .. }) = self.collecting.remove(&id.uid) else {
            return;
        };
        // It was written to meanwhile, and deleted perhaps: that may be more to do.
        let here = self.uids.get(&(id.namespace.clone(), id.name.clone())) == Some(&id.uid);
        if here
            && !self.running.contains_key(&id.uid)
            && first.resource_version() != last.resource_version()
        {
            self.collect(&last, id);
        }
    }

    /// It does not go by itself any more.
    fn stay(&mut self, uid: &str) {
        if let Some(task) = self.expiring.remove(uid) {
            task.abort();
        }
    }

    fn workflow_gone(&mut self, named: &Named) {
        if let Some(uid) = self.uids.remove(named) {
            self.gone(&uid);
        }
    }

    fn gone(&mut self, uid: &Arc<str>) {
        self.ground.settings.metrics.workflow_gone(uid);
        self.stay(uid);
        self.retained.gone(uid);
        match self.running.get(uid) {
            Some(one) => _ = one.letters.send(Letter::Deleted),
            None => self.leave(uid),
        }
    }

    fn begin(&mut self, id: Id, settled: impl FnOnce() + Send + 'static) {
        let (letters, inbox) = mpsc::unbounded_channel();
        let pods = self.pods.get(&id.uid);
        let pods = pods
            .into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect();
        let one = Running {
            id: id.clone(),
            letters: letters.clone(),
            again: false,
            last: None,
        };
        self.running.insert(id.uid.clone(), one);
        let (ground, events) = (self.ground.clone(), self.events.clone());
        tokio::spawn(async move {
            let work = operate(ground.clone(), id.clone(), pods, letters, inbox, settled);
            // A fault in one workflow is no concern of the others.
            if tokio::spawn(work).await.is_err() {
                ground.locks.release_all(&id.uid);
                ground.settings.metrics.fault("OperationPanic");
                refuse(&ground, &id, &Fault::Internal).await;
            }
            let _ = events.send(Event::Ended(id));
        });
    }

    fn ended(&mut self, id: &Id) {
        let Some(one) = self.running.remove(&id.uid) else {
            return;
        };
        let pods = self.pods.get(&id.uid);
        let pods: Vec<_> = pods
            .into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect();
        pods.iter().for_each(|pod| self.orphan(pod));
        if one.again {
            return self.begin(one.id, || ());
        }
        self.leave(&id.uid);
        if let Some(meta) = one.last {
            self.collect(&meta, &one.id);
            self.expire(&meta, one.id);
        }
    }

    /// Its place is free.
    fn leave(&mut self, uid: &str) {
        self.queue.leave(uid);
        if self.waiting.is_none() {
            self.next();
        }
    }

    fn pod(&mut self, pod: Pod) {
        let Some(key) = tiphys_pods::key(&pod) else {
            return;
        };
        let pod = Arc::new(pod);
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        let namespace = pod.namespace().unwrap_or_default();
        let metrics = &self.ground.settings.metrics;
        metrics.pod(&namespace, &pod.name_any(), phase.unwrap_or_default());
        let named = (pod.namespace().unwrap_or_default(), pod.name_any());
        self.names.insert(named, key.workflow.clone());
        self.pods
            .entry(key.workflow.clone())
            .or_default()
            .insert(pod.name_any(), pod.clone());
        match self.running.get(&key.workflow) {
            Some(one) => _ = one.letters.send(Letter::Pod(pod)),
            None => self.orphan(&pod),
        }
    }

    fn pod_gone(&mut self, named: &Named) {
        let Some(workflow) = self.names.remove(named) else {
            return;
        };
        let metrics = &self.ground.settings.metrics;
        metrics.pod_gone(&named.0, &named.1);
        let Some(pods) = self.pods.get_mut(&workflow) else {
            return;
        };
        let pod = pods.remove(&named.1);
        if pods.is_empty() {
            self.pods.remove(&workflow);
        }
        if let (Some(pod), Some(one)) = (pod, self.running.get(&workflow)) {
            let _ = one.letters.send(Letter::PodGone(pod));
        }
    }

    /// A pod of a workflow that does not run: nobody else will let go of it.
    fn orphan(&self, pod: &Arc<Pod>) {
        let Some(key) = tiphys_pods::key(pod) else {
            return;
        };
        if self.waiting.is_some() || self.running.contains_key(&key.workflow) || !orphaned(pod) {
            return;
        }
        let (ground, pod) = (self.ground.clone(), pod.clone());
        tokio::spawn(async move {
            // It may have been let go of a moment ago, and the watch not told of it yet: a read is cheaper than a write.
            let api = crate::pods::api(&ground, &pod.namespace().unwrap_or_default());
            let name = pod.name_any();
            let found = patiently("get a pod", || api.get_opt(&name)).await;
            if let Ok(Some(found)) = found
                && found.uid() == pod.uid()
                && orphaned(&found)
            {
                retire::retire(&ground, &found).await;
            }
        });
    }
}

/// Counts down those who have asked for the locks that they held.
fn settle(left: &AtomicUsize, events: &mpsc::UnboundedSender<Event>) {
    if left.fetch_sub(1, Ordering::AcqRel) == 1 {
        let _ = events.send(Event::Settled);
    }
}
