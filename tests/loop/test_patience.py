"""When the same is written again that somebody took off."""

from taskboard.loop.patience import Patience


def undone(patience, at, after=3.0):
    """The same written at ``at`` is gone ``after`` seconds later: seconds to wait then."""
    patience.wrote(at, again=True)
    return patience.wait(at + after)


def test_a_program_that_answers_each_write_is_answered_ever_more_rarely():
    patience = Patience()
    assert patience.wait(0) == 0, "a process that has written nothing waits for nothing"
    at, waits = 0.0, []
    for _ in range(14):
        waits.append(undone(patience, at))
        at += 3.0 + waits[-1]
    assert waits[:5] == [0, 0, 5, 13, 29]
    assert waits == sorted(waits)
    assert waits[-1] == 3597


def test_being_put_off_is_counted_once_and_says_until_when():
    patience = Patience()
    for at in (0, 10, 20):
        undone(patience, at)
    assert patience.retry_at == 28
    assert [patience.wait(t) for t in (24, 27, 28, 40)] == [4, 1, 0, 0]


def test_news_and_a_save_some_time_later_end_the_waiting():
    patience = Patience()
    for at in range(0, 60, 10):
        undone(patience, at)
    patience.wrote(100, again=False)
    assert patience.retry_at is None
    assert patience.wait(103) == 0
    for at in range(200, 260, 10):
        assert undone(patience, at) or at < 220
    assert undone(patience, 300, after=11) == 0
