//! How fast the bot may speak: as slowly as Teams asks, whatever happens.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use moka::sync::Cache;

/// Messages to one thread at once, before [`EVERY`] counts. Teams takes 7 in a second and 8 in two:
/// a bucket of this size that fills by one a second stays within both, and within 60 in 30 seconds.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(6).expect("6 is not 0");

/// How often one more message may go to a thread that is busy.
const EVERY: Duration = Duration::from_secs(1);

/// The same for the hour: Teams takes 1800, half of them from the full bucket.
const AT_ONCE_HOURLY: NonZeroU32 = NonZeroU32::new(900).expect("900 is not 0");

/// How often one more message may go to a thread that has used up its hour.
const EVERY_HOURLY: Duration = Duration::from_secs(4);

/// Requests about one tenant at once. Teams takes 50 a second: 10 and 40 more.
const TENANT_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("10 is not 0");

/// How often one more request about a busy tenant may leave.
const TENANT_EVERY: Duration = Duration::from_millis(25);

/// After this long without a message both buckets of a thread are full, and it need not be
/// remembered.
const IDLE: Duration = Duration::from_hours(1);

/// Threads and tenants remembered. One forgotten too early may be answered 429, and that is obeyed.
const REMEMBERED: u64 = 10_000;

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The pace of everything that is sent.
pub struct Pace<C: Clock> {
    clock: C,
    threads: Cache<String, Arc<Thread<C>>>,
    tenants: Cache<String, Arc<Bucket<C>>>,
}

/// One thread's buckets.
struct Thread<C: Clock> {
    hour: Bucket<C>,
    moment: Bucket<C>,
    /// Teams asked for silence until then.
    quiet: Mutex<Option<C::Instant>>,
}

/// One request that waits for its turn.
pub struct Turn<C: Clock> {
    clock: C,
    thread: Option<Arc<Thread<C>>>,
    tenant: Arc<Bucket<C>>,
    /// How many of the buckets have let it pass; none is asked twice.
    passed: u8,
}

impl<C> Pace<C>
where
    C: Clock + Clone + Send + Sync + 'static,
    C::Instant: 'static,
{
    /// A pace by that clock, which must not be turned back.
    pub fn new(clock: C) -> Self {
        Self { clock, threads: forgetful(), tenants: forgetful() }
    }

    /// Gets in line with one request about that tenant; with a message or an update of one, when a
    /// thread is named.
    pub fn turn(&self, thread: Option<&str>, tenant: &str) -> Turn<C> {
        let tenant = self.tenants.get_with_by_ref(tenant, || {
            Arc::new(bucket(TENANT_AT_ONCE, TENANT_EVERY, &self.clock))
        });
        let thread = thread.map(|thread| self.thread(thread));
        Turn { clock: self.clock.clone(), thread, tenant, passed: 0 }
    }

    /// Sends nothing to that thread for so long: it asked for it.
    pub fn quiet(&self, thread: &str, wait: Duration) {
        let until = self.clock.now() + Nanos::from(wait);
        let thread = self.thread(thread);
        let mut quiet = thread.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = (*quiet).max(Some(until));
    }

    fn thread(&self, thread: &str) -> Arc<Thread<C>> {
        self.threads.get_with_by_ref(thread, || {
            Arc::new(Thread {
                hour: bucket(AT_ONCE_HOURLY, EVERY_HOURLY, &self.clock),
                moment: bucket(AT_ONCE, EVERY, &self.clock),
                quiet: Mutex::new(None),
            })
        })
    }
}

impl<C: Clock> Turn<C> {
    /// How long to wait before asking again; `None` when the request may leave now.
    pub fn wait(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        if let Some(thread) = &self.thread {
            let quiet = *thread.quiet.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(until) = quiet.filter(|until| *until > now) {
                return Some(until.duration_since(now).into());
            }
        }
        // The slowest first: what leaves the last one leaves at once.
        let thread = self.thread.as_deref();
        let buckets = [thread.map(|t| &t.hour), thread.map(|t| &t.moment), Some(&*self.tenant)];
        for bucket in buckets.into_iter().skip(usize::from(self.passed)) {
            if let Some(Err(busy)) = bucket.map(RateLimiter::check) {
                return Some(busy.wait_time_from(now));
            }
            self.passed += 1;
        }
        None
    }
}

fn bucket<C: Clock + Clone>(at_once: NonZeroU32, every: Duration, clock: &C) -> Bucket<C> {
    let quota = Quota::with_period(every).expect("no period here is zero").allow_burst(at_once);
    RateLimiter::direct_with_clock(quota, clock.clone())
}

fn forgetful<T: Send + Sync + 'static>() -> Cache<String, Arc<T>> {
    Cache::builder().time_to_idle(IDLE).max_capacity(REMEMBERED).build()
}
