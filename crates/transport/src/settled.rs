//! A future made of several that wake each other: polled until they have nothing more to say to each other.
//!
//! ```text
//!   feeding ─▶ spool ─▶ relay ─▶ writing         each arrow is a waker of the same task
//! ```
//!
//! A task that wakes itself while it runs is put at the end of its queue, and the runtime wakes another thread to help: two
//! switches between processors for each arrow. Here it is polled again at once instead, as often as [`ROUNDS`] and the runtime's
//! budget allow.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::task::coop::has_budget_remaining;

/// Most polls in a row before other tasks have their turn.
const ROUNDS: usize = 16;

/// The future is being polled.
const POLLING: u8 = 1;
/// It was woken since its last poll began.
const WOKEN: u8 = 2;

/// Polls `inner` again at once when it was woken while it was polled.
pub(crate) fn settled<F: Future>(inner: F) -> Settled<F> {
    let bell = Arc::new(Bell { state: AtomicU8::new(0), task: Mutex::new(Waker::noop().clone()) });
    Settled { inner: Box::pin(inner), waker: Waker::from(bell.clone()), bell }
}

/// See [`settled`].
pub(crate) struct Settled<F> {
    /// The future itself.
    inner: Pin<Box<F>>,
    /// What `inner` is polled with.
    waker: Waker,
    /// What that rings.
    bell: Arc<Bell>,
}

/// Remembers a wake that comes while the future is polled, and hands on any other.
struct Bell {
    /// [`POLLING`] and [`WOKEN`].
    state: AtomicU8,
    /// The task's own.
    task: Mutex<Waker>,
}

impl Bell {
    /// Wakes the task.
    fn ring(&self) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }

    /// Remembers the task's own waker.
    fn answer_to(&self, waker: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Always written, so that whoever polls next sees what was done before.
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) == 0 {
            self.ring();
        }
    }
}

impl<F: Future> Future for Settled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { inner, waker, bell } = &mut *self;
        bell.answer_to(cx.waker());
        for _ in 0..ROUNDS {
            bell.state.swap(POLLING, Ordering::AcqRel);
            if let Poll::Ready(output) = inner.as_mut().poll(&mut Context::from_waker(waker)) {
                return Poll::Ready(output);
            }
            let at_rest =
                bell.state.compare_exchange(POLLING, 0, Ordering::AcqRel, Ordering::Acquire);
            if at_rest.is_ok() {
                return Poll::Pending;
            }
            if !has_budget_remaining() {
                break;
            }
        }
        bell.state.swap(WOKEN, Ordering::AcqRel);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::mpsc;

    use super::*;

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::AcqRel);
        }
    }

    impl Count {
        fn woken(&self) -> usize {
            self.0.load(Ordering::Acquire)
        }
    }

    /// Hands each number on through three queues that are polled in the wrong order.
    async fn chain(mut first: mpsc::Receiver<u32>, last: mpsc::Sender<u32>) {
        let (second, mut third) = mpsc::channel(1);
        let (third_in, mut fourth) = mpsc::channel(1);
        let end = async move {
            while let Some(number) = fourth.recv().await {
                last.send(number).await.unwrap();
            }
        };
        let middle = async move {
            while let Some(number) = third.recv().await {
                third_in.send(number).await.unwrap();
            }
        };
        let begin = async move {
            while let Some(number) = first.recv().await {
                second.send(number).await.unwrap();
            }
        };
        tokio::join!(end, middle, begin);
    }

    #[test]
    fn what_its_parts_tell_each_other_takes_one_poll_and_wakes_nobody() {
        let (input, first) = mpsc::channel(1);
        let (last, mut output) = mpsc::channel(1);
        let mut chain = Box::pin(settled(chain(first, last)));
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(chain.as_mut().poll(&mut cx).is_pending());
        for number in 0..5 {
            input.try_send(number).unwrap();
            assert_eq!(count.woken(), number as usize + 1, "woken from outside, once");
            assert!(chain.as_mut().poll(&mut cx).is_pending());
            assert_eq!(output.try_recv(), Ok(number));
        }
        assert_eq!(count.woken(), 5);
    }

    #[test]
    fn one_that_never_comes_to_rest_lets_others_have_their_turn() {
        let mut polls = 0;
        let restless = std::future::poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut restless = Box::pin(settled(restless));
        assert!(restless.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(count.woken(), 1, "its turn comes again");
        drop(restless);
        assert_eq!(polls, ROUNDS);
    }

    #[test]
    fn a_wake_is_handed_to_the_task_that_polled_last() {
        let kept = Arc::new(Mutex::new(None));
        let keep = kept.clone();
        let waiting = std::future::poll_fn(move |cx| {
            *keep.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        let (one, two) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut waiting = Box::pin(settled(waiting));
        for count in [&one, &two] {
            let waker = Waker::from(count.clone());
            assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let waker: Waker = kept.lock().unwrap().clone().unwrap();
        waker.wake_by_ref();
        waker.wake();
        assert_eq!((one.woken(), two.woken()), (0, 1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_is_lost_between_threads() {
        let (input, first) = mpsc::channel(4);
        let (last, mut output) = mpsc::channel(4);
        tokio::spawn(settled(chain(first, last)));
        tokio::spawn(async move {
            for number in 0..20_000 {
                input.send(number).await.unwrap();
            }
        });
        for number in 0..20_000 {
            assert_eq!(output.recv().await, Some(number));
        }
        assert_eq!(output.recv().await, None);
    }
}
