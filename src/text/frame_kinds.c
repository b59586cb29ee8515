/* The recognisers, one per notation. Each sees one trimmed line of at most MAX_LINE bytes and says
 * whether it is a frame; prose that merely resembles one must not match. */
#include "text/chars.h"
#include "text/frames.h"

/* Cuts `prefix` off the start. */
static bool cut(sc_str *s, const char *prefix) {
    if (!sc_str_starts(*s, prefix)) return false;
    *s = sc_chars_from(*s, strlen(prefix));
    return true;
}

static bool cut_digits(sc_str *s) {
    size_t n = sc_chars_span(*s, SC_CHARS_DIGIT);
    *s = sc_chars_from(*s, n);
    return n > 0;
}

static bool cut_hex(sc_str *s) {
    sc_str t = *s;
    if (!cut(&t, "0x")) return false;
    size_t n = sc_chars_span(t, SC_CHARS_HEX);
    *s = sc_chars_from(t, n);
    return n > 0;
}

static void cut_spaces(sc_str *s) { *s = sc_chars_from(*s, sc_chars_span(*s, SC_CHARS_SPACE)); }

/* Splits "path:12" or "path:12:3" into the path; false when no number follows the last colon. */
static bool cut_position(sc_str s, sc_str *ret_path) {
    size_t n = s.n;
    bool any = false;
    for (int round = 0; round < 2; round++) {
        size_t end = n;
        while (end > 0 && sc_chars_is(s.p[end - 1], SC_CHARS_DIGIT)) end--;
        if (end == n || end < 2 || s.p[end - 1] != ':') break;
        n = end - 1;
        any = true;
    }
    *ret_path = (sc_str){s.p, n};
    return any;
}

/* A name as code has it: no white space; at least one letter. */
static bool code_name(sc_str s) {
    bool alpha = false;
    for (size_t i = 0; i < s.n; i++) {
        if (sc_chars_is(s.p[i], SC_CHARS_SPACE)) return false;
        alpha |= sc_chars_is(s.p[i], SC_CHARS_ALPHA | SC_CHARS_HIGH);
    }
    return alpha;
}

/* "name(inside)tail": false when there is no such pair. */
static bool split_call(sc_str s, sc_str *ret_name, sc_str *ret_inside, sc_str *ret_tail) {
    size_t open = sc_chars_find(s, '('), close;
    if (open == SIZE_MAX || open == 0) return false;
    close = sc_chars_find(sc_chars_from(s, open), ')');
    if (close == SIZE_MAX) return false;
    *ret_name = (sc_str){s.p, open};
    *ret_inside = (sc_str){s.p + open + 1, close - 1};
    *ret_tail = sc_chars_from(s, open + close + 1);
    return true;
}

/* Offset of "at " after what a logger puts before it: "E/App(123): at", "[ERROR] at", a tab. */
static size_t behind_log_prefix(sc_str s) {
    size_t end = SC_MIN(s.n, (size_t)120);
    for (size_t i = 2; i + 3 < end; i++) {
        if (s.p[i] != 'a' || !sc_str_starts(sc_chars_from(s, i), "at ")) continue;
        size_t k = i;
        while (k > 0 && s.p[k - 1] == ' ') k--;
        if (k < i && k > 0 && strchr(":])|>", s.p[k - 1])) return i;
        if (s.p[i - 1] == '\t') return i;
    }
    return SIZE_MAX;
}

/* at java.base/java.lang.Thread.run(Thread.java:833) ~[?:?], also behind a log prefix */
static bool java(sc_str line, sc_frame *ret) {
    sc_str s = line, name, inside, tail, path;
    if (!cut(&s, "at ")) {
        size_t at = behind_log_prefix(s);
        if (at == SIZE_MAX) return false;
        s = sc_chars_from(s, at + 3);
    }
    if (!split_call(s, &name, &inside, &tail) || !code_name(name)) return false;
    if (sc_chars_find(name, '.') == SIZE_MAX) return false;
    bool where = sc_str_is(inside, "Native Method") || sc_str_is(inside, "Unknown Source") ||
                 sc_str_is(inside, "<generated>") || sc_str_is(inside, "SourceFile");
    if (!where && cut_position(inside, &path))
        where = sc_str_is(path, "SourceFile") || sc_str_ends(path, ".java") ||
                sc_str_ends(path, ".kt") || sc_str_ends(path, ".scala") ||
                sc_str_ends(path, ".groovy") || sc_str_ends(path, ".clj") ||
                sc_str_is(path, "Unknown Source") || sc_str_is(path, "NO_SOURCE_FILE");
    if (!where && (sc_str_ends(inside, ".java") || sc_str_ends(inside, ".kt") ||
                   sc_str_ends(inside, ".scala")))
        where = true;
    if (!where) return false;
    size_t slash = sc_chars_rfind(name, '/'); /* loader and module: app//x.Y, java.base@17/x.Y */
    if (slash != SIZE_MAX && sc_chars_find(sc_chars_from(name, slash), '.') != SIZE_MAX)
        name = sc_chars_from(name, slash + 1);
    *ret = (sc_frame){.function = name, .module = name};
    return true;
}

/* at Shop.Cart.Add(Item item) in C:\src\Cart.cs:line 12 */
static bool csharp(sc_str line, sc_frame *ret) {
    sc_str s = line, name, inside, tail;
    if (!cut(&s, "at ") || !split_call(s, &name, &inside, &tail)) return false;
    size_t generic = sc_chars_find(name, ' ');
    if (generic != SIZE_MAX || sc_chars_find(name, '.') == SIZE_MAX || !code_name(name))
        return false;
    if (sc_chars_find(inside, ':') != SIZE_MAX || sc_chars_find(inside, '/') != SIZE_MAX)
        return false;
    if (tail.n == 0) {
        if (!sc_chars_is(name.p[0], SC_CHARS_UPPER)) return false;
        *ret = (sc_frame){.function = name, .module = name};
        return true;
    }
    if (!cut(&tail, " in ")) return false;
    size_t at = sc_str_find(tail, SC_STR(":line "));
    sc_str file = {tail.p, at == SIZE_MAX ? tail.n : at};
    *ret = (sc_frame){.function = name, .file = file, .module = name};
    return true;
}

/* at fn (https://host/app.js:1:2), at async fn (...), at /srv/app.js:1:2, at new X (...) */
static bool javascript(sc_str line, sc_frame *ret) {
    sc_str s = line, path = SC_STR_NONE;
    if (!cut(&s, "at ")) return false;
    cut(&s, "async ");
    cut(&s, "new ");
    size_t open = sc_str_find(s, SC_STR(" ("));
    if (open == SIZE_MAX) { /* no function name */
        if (!cut_position(s, &path) || !code_name(path)) return false;
        *ret = (sc_frame){.file = path, .module = path};
        return true;
    }
    if (s.n < 3 || s.p[s.n - 1] != ')') return false;
    sc_str name = {s.p, open}, inside = {s.p + open + 2, s.n - open - 3};
    cut(&inside, "address at ");
    if (!cut_position(inside, &path)) {
        if (!sc_str_is(inside, "<anonymous>") && !sc_str_is(inside, "native") &&
            !sc_str_is(inside, "native code"))
            return false;
        path = inside;
    }
    size_t as = sc_str_find(name, SC_STR(" [as "));
    if (as != SIZE_MAX) name.n = as;
    if (!code_name(name) || !code_name(path)) return false;
    *ret = (sc_frame){.function = name, .file = path, .module = path};
    return true;
}

/* fn@https://host/app.js:12:34 (Firefox, Safari) */
static bool gecko(sc_str line, sc_frame *ret) {
    size_t at = sc_chars_find(line, '@');
    sc_str path;
    if (at == SIZE_MAX || !cut_position(sc_chars_from(line, at + 1), &path) || !code_name(path))
        return false;
    if (!sc_chars_icontains(path, ".js") && !sc_chars_icontains(path, "://") &&
        !sc_chars_icontains(path, "bundle"))
        return false;
    sc_str name = {line.p, at};
    if (at && !code_name(name)) return false;
    *ret = (sc_frame){.function = name, .file = path, .module = path};
    return true;
}

/* File "/srv/shop/cart.py", line 12, in add */
static bool python(sc_str line, sc_frame *ret) {
    sc_str s = line;
    if (!cut(&s, "File \"")) return false;
    size_t quote = sc_chars_find(s, '"');
    if (quote == SIZE_MAX) return false;
    sc_str path = {s.p, quote}, name = SC_STR_NONE;
    s = sc_chars_from(s, quote + 1);
    if (!cut(&s, ", line ") || !cut_digits(&s)) return false;
    if (cut(&s, ", in ")) name = s;
    *ret = (sc_frame){.function = name, .file = path, .module = path};
    return true;
}

/* from /srv/shop/cart.rb:12:in `add' */
static bool ruby(sc_str line, sc_frame *ret) {
    sc_str s = line, path;
    cut(&s, "from ");
    size_t in = sc_str_find(s, SC_STR(":in "));
    if (in == SIZE_MAX || in + 6 > s.n || !cut_position((sc_str){s.p, in}, &path)) return false;
    sc_str name = sc_chars_from(s, in + 4);
    if ((name.p[0] != '`' && name.p[0] != '\'') || !code_name(path)) return false;
    name = sc_chars_from(name, 1);
    size_t end = sc_chars_find(name, '\'');
    if (end == SIZE_MAX) return false;
    name.n = end;
    static const char *const wrap[] = {"block (2 levels) in ", "block in ", "rescue in ",
                                       "ensure in "};
    for (size_t i = 0; i < SC_LEN(wrap); i++) cut(&name, wrap[i]);
    *ret = (sc_frame){.function = name, .file = path, .module = path};
    return true;
}

/* #0 /srv/shop/Cart.php(12): Cart->add() */
static bool php(sc_str line, sc_frame *ret) {
    sc_str s = line;
    if (!cut(&s, "#") || !cut_digits(&s) || !cut(&s, " ")) return false;
    size_t open = sc_str_find(s, SC_STR("):"));
    if (open == SIZE_MAX) return false;
    sc_str path = {s.p, open};
    size_t par = sc_chars_rfind(path, '(');
    if (par == SIZE_MAX || !sc_chars_all(sc_chars_from(path, par + 1), SC_CHARS_DIGIT))
        return false;
    path.n = par;
    sc_str name = sc_str_trim(sc_chars_from(s, open + 2));
    size_t call = sc_chars_find(name, '(');
    if (call != SIZE_MAX) name.n = call;
    *ret = (sc_frame){.function = name, .file = path, .module = path};
    return true;
}

/* #00 pc 0001a2b4  /system/lib/libc.so (abort+63) */
static bool android(sc_str line, sc_frame *ret) {
    sc_str s = line, name = SC_STR_NONE;
    if (!cut(&s, "#") || !cut_digits(&s)) return false;
    cut_spaces(&s);
    if (!cut(&s, "pc ")) return false;
    s = sc_chars_from(s, sc_chars_span(s, SC_CHARS_HEX));
    cut_spaces(&s);
    size_t end = sc_chars_find(s, ' ');
    sc_str path = {s.p, end == SIZE_MAX ? s.n : end};
    size_t open = sc_chars_find(s, '('), plus;
    if (open != SIZE_MAX) {
        name = sc_chars_from(s, open + 1);
        plus = sc_chars_rfind(name, '+');
        size_t close = sc_chars_find(name, ')');
        name.n = SC_MIN(name.n, SC_MIN(plus, close));
        if (sc_str_starts(name, "BuildId")) name = SC_STR_NONE;
    }
    if (!path.n) return false;
    *ret = (sc_frame){.function = name, .file = path, .module = path};
    return true;
}

/* #0      addItem (package:shop/cart.dart:12:5) */
static bool dart(sc_str line, sc_frame *ret) {
    sc_str s = line, path;
    if (!cut(&s, "#") || !cut_digits(&s)) return false;
    cut_spaces(&s);
    size_t open = sc_str_find(s, SC_STR(" ("));
    if (open == SIZE_MAX || s.p[s.n - 1] != ')') return false;
    sc_str inside = {s.p + open + 2, s.n - open - 3};
    if (!cut_position(inside, &path) ||
        !(sc_str_starts(path, "package:") || sc_str_starts(path, "dart:") ||
          sc_str_starts(path, "file:")))
        return false;
    *ret = (sc_frame){.function = {s.p, open}, .file = path, .module = path};
    return true;
}

/* #3  0x00007f in cart_add (c=0x0) at src/cart.c:12; #1 0x4f2 in cart_add /src/cart.c:12:3;
 * #4 0x7f in main (/usr/bin/shop+0x123) */
static bool native(sc_str line, sc_frame *ret) {
    sc_str s = line, file = SC_STR_NONE;
    if (!cut(&s, "#") || !cut_digits(&s)) return false;
    cut_spaces(&s);
    bool address = cut_hex(&s);
    cut_spaces(&s);
    if (address && !cut(&s, "in ")) return false;
    size_t end = 0; /* of the name: the first space outside <> and () */
    int depth = 0;
    for (; end < s.n; end++) {
        char c = s.p[end];
        depth += (c == '<' || c == '(') - (c == '>' || c == ')');
        if (c == ' ' && depth <= 0) break;
    }
    sc_str name = {s.p, end}, tail = sc_chars_from(s, end);
    size_t at = sc_str_find(tail, SC_STR(" at ")), from = sc_str_find(tail, SC_STR(" from "));
    if (at != SIZE_MAX)
        file = sc_chars_from(tail, at + 4);
    else if (from != SIZE_MAX)
        file = sc_chars_from(tail, from + 6);
    else if (address)
        file = sc_str_trim(tail);
    else
        return false;
    bool position = cut_position(file, &file);
    if (!address && !position && from == SIZE_MAX) return false;
    if (file.n && file.p[0] == '(') { /* (module+0x123) */
        size_t plus = sc_chars_find(file, '+');
        file = (sc_str){file.p + 1, (plus == SIZE_MAX ? file.n : plus) - 1};
    }
    size_t call = sc_chars_find(name, '(');
    if (call != SIZE_MAX && call > 0) name.n = call;
    if (!name.n) return false;
    *ret = (sc_frame){.function = name, .file = file, .module = file};
    return true;
}

/* ./shop(cart_add+0x1d) [0x4005d4] */
static bool glibc(sc_str line, sc_frame *ret) {
    sc_str name, inside, tail;
    if (!split_call(line, &name, &inside, &tail) || !code_name(name)) return false;
    tail = sc_str_trim(tail);
    if (!cut(&tail, "[0x")) return false;
    size_t plus = sc_chars_rfind(inside, '+');
    if (plus != SIZE_MAX) inside.n = plus;
    *ret = (sc_frame){.function = inside, .file = name, .module = name};
    return true;
}

/* 3   Shop   0x0000000104a2b3c4 -[CartView add:] + 123 */
static bool apple(sc_str line, sc_frame *ret) {
    sc_str s = line;
    if (!cut_digits(&s) || !s.n || !sc_chars_is(s.p[0], SC_CHARS_SPACE)) return false;
    cut_spaces(&s);
    size_t hex = sc_str_find(s, SC_STR(" 0x"));
    if (hex == SIZE_MAX || hex == 0) return false;
    sc_str image = sc_str_trim((sc_str){s.p, hex});
    s = sc_chars_from(s, hex + 1);
    if (!cut_hex(&s)) return false;
    cut_spaces(&s);
    size_t plus = sc_str_find(s, SC_STR(" + "));
    if (plus == SIZE_MAX) return false;
    sc_str name = {s.p, plus};
    if (sc_str_starts(name, "0x")) name = SC_STR_NONE; /* not symbolicated */
    if (image.n > 80) return false;
    *ret = (sc_frame){.function = name, .file = image, .module = image};
    return true;
}

/* 12: core::panicking::panic; 12: 0x55d0 - shop::cart::add */
static bool rust(sc_str line, sc_frame *ret) {
    sc_str s = line;
    if (!cut_digits(&s) || !cut(&s, ": ")) return false;
    cut_spaces(&s);
    if (cut_hex(&s) && !cut(&s, " - ")) return false;
    if (!code_name(s) && s.n && s.p[0] != '<') return false;
    bool path = sc_str_find(s, SC_STR("::")) != SIZE_MAX;
    if (!path && !sc_str_is(s, "main") && !sc_str_is(s, "_start") &&
        !sc_str_is(s, "rust_begin_unwind"))
        return false;
    *ret = (sc_frame){.function = s, .module = s};
    return true;
}

/* The file line of a Go frame: /srv/shop/cart.go:12 +0x1d */
static bool go(sc_str line, sc_frame *ret) {
    size_t go_at = sc_str_find(line, SC_STR(".go:"));
    if (go_at == SIZE_MAX || (line.p[0] != '/' && sc_chars_find(line, '/') == SIZE_MAX &&
                              sc_chars_find(line, '\\') == SIZE_MAX))
        return false;
    sc_str tail = sc_chars_from(line, go_at + 4);
    if (!cut_digits(&tail)) return false;
    sc_str path = {line.p, go_at + 3};
    if (tail.n && !cut(&tail, " +0x")) return false;
    if (sc_chars_find(path, ' ') != SIZE_MAX) return false;
    *ret = (sc_frame){.file = path, .module = path};
    return true;
}

static const char *const none[] = {NULL};
static const char *const java_libs[] = {"java.",
                                        "javax.",
                                        "jdk.",
                                        "sun.",
                                        "com.sun.",
                                        "jakarta.",
                                        "kotlin.",
                                        "kotlinx.",
                                        "scala.",
                                        "groovy.",
                                        "clojure.",
                                        "org.codehaus.groovy.",
                                        "android.",
                                        "androidx.",
                                        "com.android.",
                                        "dalvik.",
                                        "libcore.",
                                        "org.junit.",
                                        "junit.",
                                        "org.mockito.",
                                        "org.testng.",
                                        "org.springframework.",
                                        "org.apache.catalina.",
                                        "org.apache.tomcat.",
                                        "org.apache.coyote.",
                                        "org.apache.commons.",
                                        "org.apache.maven.",
                                        "org.apache.http.",
                                        "org.apache.log4j.",
                                        "org.slf4j.",
                                        "ch.qos.logback.",
                                        "io.netty.",
                                        "org.jboss.netty.",
                                        "org.eclipse.jetty.",
                                        "org.mortbay.",
                                        "okhttp3.",
                                        "okio.",
                                        "retrofit2.",
                                        "io.reactivex.",
                                        "rx.",
                                        "reactor.",
                                        "com.google.common.",
                                        "com.google.protobuf.",
                                        "com.google.gson.",
                                        "com.google.inject.",
                                        "com.google.android.gms.",
                                        "com.fasterxml.jackson.",
                                        "org.codehaus.jackson.",
                                        "org.hibernate.",
                                        "com.zaxxer.hikari.",
                                        "net.sf.cglib.",
                                        "org.mozilla.javascript.",
                                        "org.gradle.",
                                        "org.osgi.",
                                        "akka.",
                                        NULL};
static const char *const csharp_libs[] = {
    "System.",     "Microsoft.",   "MS.",      "Windows.",         "Mono.", "NUnit.", "Xunit.",
    "Newtonsoft.", "UnityEngine.", "Xamarin.", "Android.Runtime.", NULL};
static const char *const js_libs[] = {
    "node:",    "internal/",         "native",           "<anonymous>",
    "webpack/", "chrome-extension:", "moz-extension:",   "module.js",
    "net.js",   "events.js",         "timers.js",        "_stream_",
    "vm.js",    "next_tick.js",      "child_process.js", "_http_",
    "fs.js",    "stream.js",         "domain.js",        "tls.js",
    "zlib.js",  "dgram.js",          "readline.js",      NULL};
static const char *const js_paths[] = {
    "/node_modules/", "\\node_modules\\", "/internal/", "webpack/bootstrap", "/vendor/", "zone.js",
    "react-dom",      "jquery",           "polyfills",  "/vendor.",          NULL};
static const char *const python_libs[] = {"<frozen", NULL};
static const char *const python_paths[] = {
    "site-packages", "dist-packages", "/lib/python", "/lib64/python", "\\lib\\", "\\Lib\\", NULL};
static const char *const ruby_paths[] = {"/gems/",    "/lib/ruby/", "/rubygems/",
                                         "/bundler/", "<internal:", NULL};
static const char *const php_paths[] = {"/vendor/", "[internal", NULL};
static const char *const native_libs[] = {"/lib/",      "/lib64/", "/usr/lib", "/usr/src/",
                                          "linux-vdso", "libc.so", "libc-",    "libpthread",
                                          "ld-linux",   NULL};
static const char *const native_paths[] = {"/system/",    "/apex/", "/vendor/lib", "sysdeps/",
                                           "libc.so",     "/libc-", "libpthread",  "libstdc++",
                                           "compiler-rt", "csu/",   NULL};
static const char *const apple_libs[] = {"CoreFoundation",
                                         "Foundation",
                                         "UIKit",
                                         "AppKit",
                                         "QuartzCore",
                                         "CoreGraphics",
                                         "GraphicsServices",
                                         "CFNetwork",
                                         "CoreData",
                                         "CoreText",
                                         "JavaScriptCore",
                                         "WebKit",
                                         "WebCore",
                                         "Security",
                                         "SwiftUI",
                                         "Combine",
                                         "AVFoundation",
                                         "CoreLocation",
                                         "MapKit",
                                         "StoreKit",
                                         "HIToolbox",
                                         "IOKit",
                                         "???",
                                         "dyld",
                                         "libsystem",
                                         "libobjc",
                                         "libdispatch",
                                         "libswift",
                                         "libc++",
                                         "libsqlite",
                                         "libxpc",
                                         "libxml",
                                         "FrontBoard",
                                         "UIFoundation",
                                         NULL};
static const char *const rust_libs[] = {
    "std::",  "core::",  "alloc::", "<alloc::", "<core::",  "<std::",      "rust_begin_unwind",
    "_start", "main",    "__libc",  "tokio::",  "<tokio::", "backtrace::", "test::",
    "__rust", "futures", "hyper::", NULL};
static const char *const go_paths[] = {
    "/usr/local/go/src/", "/go/src/runtime/", "/libexec/src/", "/pkg/mod/",     "/vendor/",
    "/src/runtime/",      "/src/net/http/",   "/src/testing/", "/src/reflect/", NULL};
static const char *const dart_libs[] = {"dart:", "package:flutter/", "package:test",
                                        "package:async/", NULL};

/* In this order: the first that matches wins. */
const sc_frame_kind sc_frame_kinds[] = {
    {"java", java, java_libs, none},
    {"csharp", csharp, csharp_libs, none},
    {"javascript", javascript, js_libs, js_paths},
    {"python", python, python_libs, python_paths},
    {"android", android, none, native_paths},
    {"php", php, none, php_paths},
    {"dart", dart, dart_libs, none},
    {"native", native, native_libs, native_paths},
    {"apple", apple, apple_libs, none},
    {"rust", rust, rust_libs, none},
    {"go", go, none, go_paths},
    {"ruby", ruby, none, ruby_paths},
    {"gecko", gecko, js_libs, js_paths},
    {"glibc", glibc, native_libs, native_paths},
};
const size_t sc_frame_kinds_n = SC_LEN(sc_frame_kinds);
