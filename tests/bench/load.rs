//! How requests are sent: at a pace that waits for nobody, or as fast as they are answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::{sync::Mutex, task::JoinSet};

use crate::wire::Line;

/// A request, and a word its answer must hold for it to count.
pub struct Request {
    pub bytes: Vec<u8>,
    pub expects: &'static str,
}

/// How long each answer took, shortest first.
pub struct Times(Vec<Duration>);

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// What so many of a hundred stay within; 100 is the longest.
    pub fn within(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

/// How long an idle connection is used again; the bot hangs up after five seconds.
const KEPT: Duration = Duration::from_secs(3);

/// So many a second, each at its moment whether or not earlier ones have been answered. A time
/// counts from that moment, so that a bot that stands still is not asked less often for it.
pub async fn paced(port: u16, a_second: u32, requests: Vec<Request>) -> anyhow::Result<Times> {
    let (idle, began) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
    let (mut under_way, mut at) = (JoinSet::new(), Duration::ZERO);
    for request in requests {
        tokio::time::sleep_until((began + at).into()).await;
        let (idle, due) = (idle.clone(), began + at);
        under_way.spawn(async move {
            let free: Option<(Line, Instant)> = idle.lock().await.pop();
            let mut line = match free {
                Some((line, since)) if since.elapsed() < KEPT => line,
                _ => Line::open(port).await?,
            };
            ask(&mut line, &request).await?;
            let took = due.elapsed();
            idle.lock().await.push((line, Instant::now()));
            anyhow::Ok(took)
        });
        at += Duration::from_secs(1) / a_second;
    }
    let mut times = vec![];
    while let Some(took) = under_way.join_next().await {
        times.push(took??);
    }
    Ok(Times::of(times))
}

/// All of them over so many connections, each sending its next as soon as it has its answer.
/// Returns how long that took, and what `read` makes of each answer.
pub async fn hurried<T: Send + 'static>(
    port: u16,
    connections: usize,
    requests: Vec<Request>,
    read: fn(&[u8]) -> anyhow::Result<T>,
) -> anyhow::Result<(Duration, Vec<T>)> {
    let count = requests.len();
    let mut shares: Vec<Vec<(usize, Request)>> = (0..connections).map(|_| vec![]).collect();
    for (index, request) in requests.into_iter().enumerate() {
        shares[index % connections].push((index, request));
    }
    let began = Instant::now();
    let mut under_way = JoinSet::new();
    for share in shares {
        under_way.spawn(async move {
            let mut line = Line::open(port).await?;
            let mut answers = vec![];
            for (index, request) in share {
                answers.push((index, read(ask(&mut line, &request).await?)?));
            }
            anyhow::Ok(answers)
        });
    }
    let mut answers = Vec::with_capacity(count);
    while let Some(share) = under_way.join_next().await {
        answers.extend(share??);
    }
    let took = began.elapsed();
    answers.sort_by_key(|(index, _)| *index);
    Ok((took, answers.into_iter().map(|(_, answer)| answer).collect()))
}

async fn ask<'a>(line: &'a mut Line, request: &Request) -> anyhow::Result<&'a [u8]> {
    let body = line.asks(&request.bytes).await?;
    let wanted = request.expects.as_bytes();
    let held = wanted.is_empty() || body.windows(wanted.len()).any(|window| window == wanted);
    ensure!(
        held,
        "no `{}` in the answer {}",
        request.expects,
        String::from_utf8_lossy(&body[..body.len().min(600)])
    );
    Ok(body)
}
