/* Stack traces of each notation: what must not match first, then same crash and other crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "text/frames.h"
#include "text/prepare.h"

static sc_frames read_trace(const char *text, size_t *ret_left) {
    sc_frames f;
    sc_str rest = sc_str_of(text), line;
    sc_frames_init(&f);
    size_t left = 0;
    while (sc_str_next(&rest, '\n', &line)) {
        const char *end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
        sc_str next = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        left += !sc_frames_line(&f, line, next) && sc_str_trim(line).n;
    }
    if (ret_left) *ret_left = left;
    return f;
}

static uint64_t fp(const char *text) {
    sc_frames f = read_trace(text, NULL);
    return sc_frames_fingerprint(&f);
}

static const char *normal(const char *name) {
    static char buffers[2][200];
    static int turn;
    char *out = buffers[turn ^= 1];
    out[sc_frames_normal(sc_str_of(name), out, sizeof buffers[0] - 1)] = 0;
    return out;
}

/* ---- What is no frame ----------------------------------------------------------------------- */

static void prose_and_code_are_no_frames(void **state) {
    (void)state;
    static const char *const lines[] = {
        "at the moment (see below) it fails",
        "at 10:30 it stopped",
        "at home: 12:3",
        "look at foo.bar (the other one)",
        "It crashes at com.shop.Cart.add(Cart.java:12)",
        "#12 is the same bug",
        "#1 priority (please) at once",
        "1. open the app",
        "12: nothing happens",
        "3 apps 0x10 times",
        "fmt.Println(x)",
        "mail ann@mail.example:25 refused",
        "see main.go for details",
        "File a bug, line 3",
        "from here:in two days",
        "call foo(bar) [0]",
        "Error: it broke",
        "... and more",
        "",
    };
    for (size_t i = 0; i < SC_LEN(lines); i++) {
        sc_frames f;
        sc_frames_init(&f);
        if (sc_frames_line(&f, sc_str_of(lines[i]), SC_STR_NONE))
            fail_msg("taken for a frame: %s", lines[i]);
        assert_int_equal(f.n, 0);
    }
}

static void a_place_without_an_exception_is_no_crash(void **state) {
    (void)state;
    assert_int_equal(fp("\tat com.shop.Cart.add(Cart.java:12)"), 0);
    assert_int_equal(fp("java.lang.Error: x"), 0);
    assert_int_equal(fp(""), 0);
}

static void a_few_library_frames_are_too_little(void **state) {
    (void)state;
    assert_int_equal(fp("java.lang.Error: x\n\tat java.lang.Thread.run(Thread.java:1)\n\tat "
                        "java.util.List.get(List.java:2)"),
                     0);
}

static void thousands_of_frames_are_bounded(void **state) {
    (void)state;
    sc_frames f;
    sc_frames_init(&f);
    for (int i = 0; i < 5000; i++)
        sc_frames_line(&f, SC_STR("at com.shop.Cart.add(Cart.java:12)"), SC_STR_NONE);
    assert_int_equal(f.n, SC_FRAMES_MAX);
    uint32_t v[8];
    assert_int_equal(sc_frames_in_app(&f, v, 8), 8);
}

/* ---- Names ---------------------------------------------------------------------------------- */

static void what_a_build_changes_leaves_the_name(void **state) {
    (void)state;
    assert_string_equal(normal("com.shop.Cart.lambda$add$12"), "com.shop.Cart.lambdaadd");
    assert_string_equal(normal("com.shop.Cart$$Lambda$14/0x0000000800c3a210.run"),
                        normal("com.shop.Cart$$Lambda$71/0x0000000800f3b211.run"));
    assert_string_equal(normal("main.3f2a91bc.chunk.js"), normal("main.77ab01cd.chunk.js"));
    assert_string_equal(normal("shop.(*Cart).Add.func1"), normal("shop.(*Cart).Add.func2"));
    assert_string_equal(normal("shop::cart::add::h0123456789abcdef"),
                        normal("shop::cart::add::hfedcba9876543210"));
    assert_string_equal(normal("std::map<int, Foo<Bar> >::at"), "std::map::at");
}

static void names_keep_the_numbers_people_gave_them(void **state) {
    (void)state;
    assert_string_equal(normal("utf8_decode"), "utf8_decode");
    assert_string_not_equal(normal("parseV1"), normal("parseV2"));
}

/* ---- Notations: the same crash with other numbers, and another crash ------------------------- */

typedef struct notation {
    const char *name;
    const char *a;      /* a crash                                */
    const char *again;  /* the same, another build and run        */
    const char *other;  /* the same exception from another place  */
    size_t n_in_app, n; /* frames of a                            */
    size_t left;        /* lines of a that stay in the text       */
} notation;

static const notation notations[] = {
    {"java",
     "Exception in thread \"main\" java.lang.NullPointerException: item is null\n\tat "
     "com.shop.Cart.add(Cart.java:31)\n"
     "\tat com.shop.Cart.lambda$fill$0(Cart.java:12)\n\tat "
     "java.base/java.util.ArrayList.forEach(ArrayList.java:1511)\n"
     "\tat com.shop.Main.main(Main.java:8)\n\t... 3 more\nCaused by: java.io.IOException: "
     "closed\n\tat com.shop.Net.read(Net.kt:9)",
     "Exception in thread \"main\" java.lang.NullPointerException: item is null\n\tat "
     "com.shop.Cart.add(Cart.java:77)\n"
     "\tat com.shop.Cart.lambda$fill$4(Cart.java:15)\n\tat "
     "java.util.ArrayList.forEach(ArrayList.java:9)\n"
     "\tat com.shop.Main.main(Main.java:81)\n\t... 4 more\nCaused by: java.io.IOException: "
     "closed\n\tat com.shop.Net.read(Net.kt:90)",
     "Exception in thread \"main\" java.lang.NullPointerException: item is null\n\tat "
     "com.shop.Order.send(Order.java:31)\n"
     "\tat com.shop.Main.main(Main.java:8)\nCaused by: java.io.IOException: closed\n\tat "
     "com.shop.Net.read(Net.kt:9)",
     4, 5, 2},
    {"java in a log",
     "E/AndroidRuntime( 123): java.lang.IllegalStateException: gone\nE/AndroidRuntime( 123): \tat "
     "com.shop.Cart.add(Cart.java:31)\n"
     "E/AndroidRuntime( 123): \tat android.os.Looper.loop(Looper.java:1)\nE/AndroidRuntime( 123): "
     "\tat com.shop.Main.run(Main.java:3)",
     "E/AndroidRuntime(9): java.lang.IllegalStateException: gone\nE/AndroidRuntime(9): \tat "
     "com.shop.Cart.add(Cart.java:3)\n"
     "E/AndroidRuntime(9): \tat android.os.Looper.loop(Looper.java:2)\nE/AndroidRuntime(9): \tat "
     "com.shop.Main.run(Main.java:5)",
     "E/AndroidRuntime(9): java.lang.IllegalStateException: gone\nE/AndroidRuntime(9): \tat "
     "com.shop.Pay.add(Cart.java:3)\n"
     "E/AndroidRuntime(9): \tat com.shop.Main.run(Main.java:5)",
     2, 3, 1},
    {"csharp",
     "System.InvalidOperationException: Sequence is empty\n   at "
     "System.Linq.Enumerable.First[T](IEnumerable`1 s)\n"
     "   at Shop.Cart.Add(Item item) in C:\\src\\Cart.cs:line 31\n   at Shop.Program.Main(String[] "
     "args) in C:\\src\\Program.cs:line 5",
     "System.InvalidOperationException: Sequence is empty\n   at "
     "System.Linq.Enumerable.First[T](IEnumerable`1 s)\n"
     "   at Shop.Cart.Add(Item item) in D:\\b\\Cart.cs:line 32\n   at Shop.Program.Main(String[] "
     "args) in D:\\b\\Program.cs:line 6",
     "System.InvalidOperationException: Sequence is empty\n   at Shop.Cart.Remove(Item item) in "
     "C:\\src\\Cart.cs:line 31\n"
     "   at Shop.Program.Main(String[] args) in C:\\src\\Program.cs:line 5",
     2, 3, 1},
    {"javascript",
     "TypeError: x is undefined\n    at addItem "
     "(https://shop.example/static/main.3f2a91bc.js:1:2345)\n"
     "    at async Cart.fill (webpack-internal:///./src/cart.js:10:3)\n    at "
     "/srv/node_modules/express/lib/router.js:5:6\n    at new Shop (app.js:1:1)",
     "TypeError: x is undefined\n    at addItem "
     "(https://cdn.example/static/main.99aa01ff.js:1:99)\n"
     "    at async Cart.fill (webpack-internal:///./src/cart.js:11:3)\n    at "
     "/srv/node_modules/express/lib/router.js:7:6\n    at new Shop (app.js:2:1)",
     "TypeError: x is undefined\n    at removeItem "
     "(https://shop.example/static/main.3f2a91bc.js:1:2345)\n    at new Shop (app.js:1:1)",
     3, 4, 1},
    {"firefox and safari",
     "TypeError: x is "
     "undefined\naddItem@https://shop.example/main.js:1:23\nfill@https://shop.example/main.js:9:1",
     "TypeError: x is "
     "undefined\naddItem@https://shop.example/main.js:7:3\nfill@https://shop.example/main.js:8:1",
     "TypeError: x is "
     "undefined\nempty@https://shop.example/main.js:1:23\nfill@https://shop.example/main.js:9:1",
     2, 2, 1},
    {"python",
     "Traceback (most recent call last):\n  File \"/srv/shop/main.py\", line 9, in run\n    "
     "cart.add(item)\n"
     "  File \"/usr/lib/python3/dist-packages/lib/x.py\", line 1, in y\n    z()\n    ^^^\n  File "
     "\"/srv/shop/cart.py\", line 31, in add\n    total += 1\nValueError: bad price 12",
     "Traceback (most recent call last):\n  File \"/home/ann/main.py\", line 19, in run\n    "
     "cart.add(item)\n"
     "  File \"/usr/lib/python3/dist-packages/lib/x.py\", line 2, in y\n    z()\n    ^^^\n  File "
     "\"/home/ann/cart.py\", line 3, in add\n    total += 2\nValueError: bad price 7",
     "Traceback (most recent call last):\n  File \"/srv/shop/main.py\", line 9, in run\n    "
     "cart.add(item)\n"
     "  File \"/srv/shop/order.py\", line 31, in add\n    total += 1\nValueError: bad price 12",
     2, 3, 1},
    {"ruby",
     "NoMethodError: undefined method\n/srv/shop/cart.rb:31:in `add'\n\tfrom "
     "/var/lib/gems/2.7/gems/rack/lib/rack.rb:1:in `call'\n\tfrom /srv/shop/main.rb:5:in `block in "
     "run'",
     "NoMethodError: undefined method\n/app/cart.rb:3:in `add'\n\tfrom "
     "/var/lib/gems/2.7/gems/rack/lib/rack.rb:2:in `call'\n\tfrom /app/main.rb:6:in `block in run'",
     "NoMethodError: undefined method\n/srv/shop/cart.rb:31:in `drop'\n\tfrom "
     "/srv/shop/main.rb:5:in `block in run'",
     2, 3, 1},
    {"php",
     "PHP Fatal error: Uncaught TypeError: wrong type\n#0 /srv/shop/Cart.php(31): Cart->add()\n#1 "
     "/srv/vendor/lib/Kernel.php(1): run()\n#2 /srv/shop/index.php(5): main()\n#3 {main}",
     "PHP Fatal error: Uncaught TypeError: wrong type\n#0 /www/Cart.php(3): Cart->add()\n#1 "
     "/www/vendor/lib/Kernel.php(2): run()\n#2 /www/index.php(6): main()\n#3 {main}",
     "PHP Fatal error: Uncaught TypeError: wrong type\n#0 /srv/shop/Pay.php(31): Pay->add()\n#1 "
     "/srv/shop/index.php(5): main()\n#2 {main}",
     2, 3, 1},
    {"go",
     "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 "
     "[running]:\nmain.(*Cart).Add(0xc0000101)\n\t/srv/shop/cart.go:31 +0x1d\n"
     "runtime.main()\n\t/usr/local/go/src/runtime/proc.go:250 "
     "+0x20\nmain.main()\n\t/srv/shop/main.go:5 +0x39",
     "panic: runtime error: index out of range [9] with length 1\n\ngoroutine 7 "
     "[running]:\nmain.(*Cart).Add(0xc0000999)\n\t/home/x/cart.go:32 +0x2d\n"
     "runtime.main()\n\t/usr/local/go/src/runtime/proc.go:251 "
     "+0x20\nmain.main()\n\t/home/x/main.go:6 +0x3a",
     "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 "
     "[running]:\nmain.(*Cart).Drop(0xc0000101)\n\t/srv/shop/cart.go:31 +0x1d\n"
     "main.main()\n\t/srv/shop/main.go:5 +0x39",
     2, 3, 1},
    {"rust",
     "thread 'main' panicked at 'price is negative', src/cart.rs:31:5\nstack backtrace:\n   0: "
     "rust_begin_unwind\n             at /rustc/897e37553b/library/std/src/panicking.rs:584:5\n"
     "   1: core::panicking::panic_fmt\n             at "
     "/rustc/897e37553b/library/core/src/panicking.rs:142:14\n   2: "
     "shop::cart::add::h0123456789abcdef\n             at ./src/cart.rs:31:5\n   3: shop::main\n   "
     "          at ./src/main.rs:5:5",
     "thread 'main' panicked at 'price is negative', src/cart.rs:32:5\nstack backtrace:\n   0: "
     "rust_begin_unwind\n             at /rustc/11111111/library/std/src/panicking.rs:584:5\n"
     "   1: core::panicking::panic_fmt\n             at "
     "/rustc/1111111/library/core/src/panicking.rs:142:14\n   2: "
     "shop::cart::add::hfedcba9876543210\n             at ./src/cart.rs:32:5\n   3: shop::main\n   "
     "          at ./src/main.rs:6:5",
     "thread 'main' panicked at 'price is negative', src/cart.rs:31:5\nstack backtrace:\n   0: "
     "rust_begin_unwind\n   1: shop::pay::run\n             at ./src/pay.rs:31:5\n   2: "
     "shop::main\n             at ./src/main.rs:5:5",
     2, 4, 1},
    {"dart",
     "FormatException: bad price\n#0      Cart.add (package:shop/cart.dart:31:5)\n#1      _run "
     "(dart:async/zone.dart:1:2)\n#2      main (package:shop/main.dart:5:3)",
     "FormatException: bad price\n#0      Cart.add (package:shop/cart.dart:32:5)\n#1      _run "
     "(dart:async/zone.dart:2:2)\n#2      main (package:shop/main.dart:6:3)",
     "FormatException: bad price\n#0      Cart.drop (package:shop/cart.dart:31:5)\n#1      main "
     "(package:shop/main.dart:5:3)",
     2, 3, 1},
    {"swift and objective-c",
     "*** Terminating app due to uncaught exception 'NSRangeException', reason: 'beyond bounds'\n0 "
     "  CoreFoundation   0x00000001a2b3c4d5 __exceptionPreprocess + 164\n"
     "1   Shop             0x0000000104a2b3c4 -[CartView add:] + 123\n2   UIKitCore        "
     "0x00000001a9b3c4d5 -[UIApplication sendAction:] + 9\n3   Shop             0x0000000104a2b999 "
     "main + 77",
     "*** Terminating app due to uncaught exception 'NSRangeException', reason: 'beyond bounds'\n0 "
     "  CoreFoundation   0x00000001b2b3c4d5 __exceptionPreprocess + 165\n"
     "1   Shop             0x0000000204a2b3c4 -[CartView add:] + 13\n2   UIKitCore        "
     "0x00000001a9b3c4d9 -[UIApplication sendAction:] + 8\n3   Shop             0x0000000204a2b999 "
     "main + 7",
     "*** Terminating app due to uncaught exception 'NSRangeException', reason: 'beyond bounds'\n1 "
     "  Shop             0x0000000104a2b3c4 -[PayView add:] + 123\n"
     "3   Shop             0x0000000104a2b999 main + 77",
     2, 4, 1},
    {"gdb",
     "Program received signal SIGSEGV, Segmentation fault.\n#0  0x00005555 in cart_add (c=0x0, "
     "n=3) at src/cart.c:31\n#1  0x00007fff in qsort_r () from /lib/x86_64-linux-gnu/libc.so.6\n#2 "
     " main (argc=1, argv=0x7ff) at src/main.c:5",
     "Program received signal SIGSEGV, Segmentation fault.\n#0  0x00005999 in cart_add (c=0x1, "
     "n=4) at ../src/cart.c:32\n#1  0x00007aaa in qsort_r () from "
     "/lib/x86_64-linux-gnu/libc.so.6\n#2  main (argc=2, argv=0x7f0) at ../src/main.c:6",
     "Program received signal SIGSEGV, Segmentation fault.\n#0  0x00005555 in cart_drop (c=0x0) at "
     "src/cart.c:31\n#1  main (argc=1, argv=0x7ff) at src/main.c:5",
     2, 3, 1},
    {"sanitizers",
     "ERROR: AddressSanitizer: SEGV on unknown address, SIGSEGV\n    #0 0x4f3a2b in cart_add "
     "/srv/src/cart.c:31:7\n    #1 0x7f2a in __libc_start_main csu/../csu/libc-start.c:308\n    #2 "
     "0x4f3b in main (/usr/bin/shop+0x4f3b)",
     "ERROR: AddressSanitizer: SEGV on unknown address, SIGSEGV\n    #0 0x4fffff in cart_add "
     "/b/src/cart.c:32:8\n    #1 0x7f2b in __libc_start_main csu/../csu/libc-start.c:309\n    #2 "
     "0x4f3c in main (/opt/shop+0x4f3c)",
     "ERROR: AddressSanitizer: SEGV on unknown address, SIGSEGV\n    #0 0x4f3a2b in pay_run "
     "/srv/src/pay.c:31:7\n    #2 0x4f3b in main (/usr/bin/shop+0x4f3b)",
     2, 3, 1},
    {"glibc",
     "*** signal SIGABRT ***\n./shop(cart_add+0x1d) "
     "[0x4005d4]\n/lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0xf0) "
     "[0x7f12]\n./shop(main+0x9) [0x4005ff]",
     "*** signal SIGABRT ***\n/opt/shop(cart_add+0x2d) "
     "[0x4006d4]\n/lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0xf5) "
     "[0x7f99]\n/opt/shop(main+0x8) [0x4006ff]",
     "*** signal SIGABRT ***\n./shop(cart_drop+0x1d) [0x4005d4]\n./shop(main+0x9) [0x4005ff]", 2, 3,
     1},
    {"android native",
     "signal 6 (SIGABRT), code -6\n    #00 pc 0001a2b4  /system/lib/libc.so (abort+63)\n    #01 pc "
     "000042aa  /data/app/com.shop-1/lib/arm/libcart.so (cart_add+12)\n    #02 pc 00004444  "
     "/data/app/com.shop-1/lib/arm/libcart.so (cart_main+8)",
     "signal 6 (SIGABRT), code -6\n    #00 pc 0001a2b9  /system/lib/libc.so (abort+64)\n    #01 pc "
     "000042ab  /data/app/com.shop-2/lib/arm/libcart.so (cart_add+13)\n    #02 pc 00004445  "
     "/data/app/com.shop-2/lib/arm/libcart.so (cart_main+9)",
     "signal 6 (SIGABRT), code -6\n    #01 pc 000042aa  /data/app/com.shop-1/lib/arm/libcart.so "
     "(cart_drop+12)\n    #02 pc 00004444  /data/app/com.shop-1/lib/arm/libcart.so (cart_main+8)",
     2, 3, 1},
};

static void each_notation_tells_its_own_frames_from_libraries(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_LEN(notations); i++) {
        const notation *x = &notations[i];
        size_t left, own = 0;
        sc_frames f = read_trace(x->a, &left);
        for (size_t k = 0; k < f.n; k++) own += f.in_app[k];
        if (f.n != x->n || own != x->n_in_app || left != x->left)
            fail_msg("%s: %zu frames (%zu), %zu of them own (%zu), %zu lines left (%zu)", x->name,
                     f.n, x->n, own, x->n_in_app, left, x->left);
    }
}

static void the_same_crash_has_the_same_fingerprint_whatever_the_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_LEN(notations); i++) {
        if (fp(notations[i].a) == 0) fail_msg("%s: no fingerprint", notations[i].name);
        if (fp(notations[i].a) != fp(notations[i].again))
            fail_msg("%s: differs", notations[i].name);
    }
}

static void a_crash_at_another_place_has_another_fingerprint(void **state) {
    (void)state;
    for (size_t i = 0; i < SC_LEN(notations); i++)
        if (fp(notations[i].a) == fp(notations[i].other))
            fail_msg("%s: the same", notations[i].name);
}

static void another_exception_or_message_is_another_crash(void **state) {
    (void)state;
    const char *a = "java.lang.Error: disk full\n\tat com.shop.Cart.add(Cart.java:1)\n\tat "
                    "com.shop.Main.main(Main.java:1)";
    assert_true(fp(a) != fp("java.lang.Error: net down\n\tat com.shop.Cart.add(Cart.java:1)\n\tat "
                            "com.shop.Main.main(Main.java:1)"));
    assert_true(fp(a) !=
                fp("java.io.IOException: disk full\n\tat com.shop.Cart.add(Cart.java:1)\n\tat "
                   "com.shop.Main.main(Main.java:1)"));
}

static void what_the_source_extracted_wins_over_the_body(void **state) {
    (void)state;
    sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_prepared a, b;
    sc_str stack = SC_STR("at addItem (cart.js:1:2)\nat run (main.js:3:4)");
    assert_int_equal(sc_prepare(SC_STR("TypeError: x is undefined"),
                                SC_STR("at other (pay.js:9:9)\nat more (pay.js:1:1)"), stack,
                                &arena, &a, NULL),
                     SC_OK);
    assert_int_equal(
        sc_prepare(SC_STR("TypeError: x is undefined"), SC_STR(""), stack, &arena, &b, NULL),
        SC_OK);
    assert_int_equal(a.n_frames, 2);
    assert_true(a.fp_stack && a.fp_stack == b.fp_stack);
    sc_arena_done(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prose_and_code_are_no_frames),
        cmocka_unit_test(a_place_without_an_exception_is_no_crash),
        cmocka_unit_test(a_few_library_frames_are_too_little),
        cmocka_unit_test(thousands_of_frames_are_bounded),
        cmocka_unit_test(what_a_build_changes_leaves_the_name),
        cmocka_unit_test(names_keep_the_numbers_people_gave_them),
        cmocka_unit_test(each_notation_tells_its_own_frames_from_libraries),
        cmocka_unit_test(the_same_crash_has_the_same_fingerprint_whatever_the_numbers),
        cmocka_unit_test(a_crash_at_another_place_has_another_fingerprint),
        cmocka_unit_test(another_exception_or_message_is_another_crash),
        cmocka_unit_test(what_the_source_extracted_wins_over_the_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
