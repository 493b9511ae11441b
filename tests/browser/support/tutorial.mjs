/**
 * The tutorial inside a README: what stands between the two marks, in order. A ```js block is headed by the comment `// Tab A` or `// Tab B`;
 * a ```text block by the line `Tab A` or `Tab B`, and its further lines are what that tab's console then shows (`…` stands for anything).
 */
export function readTutorial(markdown) {
    const begin = markdown.indexOf("<!-- tutorial:begin -->");
    const end = markdown.indexOf("<!-- tutorial:end -->");
    if (begin < 0 || end < begin) throw new Error("README.md has no tutorial: both marks are needed, in order");
    const steps = [];
    for (const [, language, body] of markdown.slice(begin, end).matchAll(/^```(js|text)\n(.*?)^```$/gms)) {
        const tab = /^(?:\/\/ )?Tab ([AB])\b/.exec(body)?.[1];
        if (!tab) throw new Error(`a block of the tutorial does not say which tab it is for: ${body}`);
        const lines = body.split("\n").slice(1).filter((line) => line !== "");
        steps.push(language === "js" ? { tab, code: body } : { tab, shows: lines });
    }
    return steps;
}

/** Whether a line of the console is what the tutorial promises. */
export function matchesLine(promise, line) {
    const parts = promise.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "s").test(line);
}
