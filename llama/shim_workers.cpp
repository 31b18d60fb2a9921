#include "shim_context.h"

ragft_workers::ragft_workers(int extra) {
    for (int i = 0; i < extra; i++) {
        threads.emplace_back([this] { work(); });
    }
}

ragft_workers::~ragft_workers() {
    {
        std::lock_guard<std::mutex> lock(mutex);
        stop = true;
    }
    wake.notify_all();
    for (auto & t : threads) {
        t.join();
    }
}

void ragft_workers::take() {
    for (int i; (i = next.fetch_add(1)) < count;) {
        (*job)(i);
    }
}

void ragft_workers::work() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
        wake.wait(lock, [&] { return stop || round != seen; });
        if (stop) {
            return;
        }
        seen = round;
        lock.unlock();
        take();
        lock.lock();
        if (--busy == 0) {
            done.notify_one();
        }
    }
}

void ragft_workers::run(int n, const std::function<void(int)> & f) {
    {
        std::lock_guard<std::mutex> lock(mutex);
        job   = &f;
        count = n;
        next  = 0;
        busy  = (int) threads.size();
        round++;
    }
    wake.notify_all();
    take();
    std::unique_lock<std::mutex> lock(mutex);
    done.wait(lock, [&] { return busy == 0; });
}
