/** The promise's value, or an error that says what was awaited in vain. */
export async function within(milliseconds, what, promise) {
    let timer;
    const timeout = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds);
    });
    try {
        return await Promise.race([promise, timeout]);
    } finally {
        clearTimeout(timer);
    }
}

/** A child that a failed test did not end neither keeps the tests from ending nor outlives them. */
export function endWithTests(child) {
    child.unref();
    for (const stream of [child.stdout, child.stderr]) stream.unref();
    process.once("exit", () => child.kill("SIGKILL"));
}

/** The condition's value once there is one; it is asked again and again. */
export async function until(what, condition, milliseconds = 60_000) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (performance.now() > deadline) throw new Error(`${what}: not within ${milliseconds} ms`);
        await new Promise((resolve) => setTimeout(resolve, 30));
    }
}
