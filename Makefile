# leat's build. `make` leaves the program at build/leat; other variants stand beside it:
#   make                       build/leat, build/libleat.so, build/libleat.a   (gcc or CC=..., optimised)
#   make VARIANT=sanitize      build/sanitize/leat ...                         (clang, address + undefined sanitizers)
#   make VARIANT=debug         build/debug/leat ...
#   make test [VARIANT=...]    builds and runs the unit tests of that variant
#   make compatibility         writes docs/COMPATIBILITY.md
# A new source file in any folder of src/ or tests/unit/ needs no change here.

VERSION := 0.1.0
VARIANT ?= release
PREFIX ?= /usr/local
DESTDIR ?=

OUT := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
OBJ := $(OUT)/obj

ifeq ($(VARIANT),sanitize)
  CC := clang
  VARIANT_FLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DARENA_MALLOC_EACH
else ifeq ($(VARIANT),debug)
  VARIANT_FLAGS := -O0 -g3
else
  VARIANT_FLAGS := -O2 -g
endif
ifeq ($(origin CC),default)
  CC := gcc
endif

PACKAGES := libuv lmdb libdeflate libzip libcrypto zlib libzstd
LIBRARY_PACKAGES := lmdb libcrypto
LLHTTP ?= /usr/share/llhttp

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
CPPFLAGS += -D_GNU_SOURCE -DLEAT_VERSION='"$(VERSION)"' -DLLHTTP_STRICT_MODE=1 -Iinclude -Isrc -isystem /usr/share/include/llhttp \
            $(shell pkg-config --cflags $(PACKAGES))
CFLAGS += -std=gnu11 -fPIC -fvisibility=hidden -pthread $(VARIANT_FLAGS)
LDLIBS := $(shell pkg-config --libs $(PACKAGES)) -pthread

BELOW := base item store store/lmdb store/memory expr stream table db
LIBRARY_SOURCES := $(foreach folder,$(BELOW),$(wildcard src/$(folder)/*.c))
ALL_SOURCES := $(wildcard src/*/*.c src/*/*/*.c)
PROGRAM_SOURCES := $(filter-out $(LIBRARY_SOURCES),$(ALL_SOURCES))
TEST_SOURCES := $(wildcard tests/unit/*.c tests/unit/*/*.c)

LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%.c=$(OBJ)/%.o)
PROGRAM_OBJECTS := $(PROGRAM_SOURCES:%.c=$(OBJ)/%.o)
LLHTTP_OBJECTS := $(addprefix $(OBJ)/llhttp/,llhttp.o api.o http.o)
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(OBJ)/%.o)

.PHONY: all test sim bench compatibility fuzz install clean
all: $(OUT)/leat $(OUT)/libleat.so $(OUT)/libleat.a

$(OUT)/leat: $(PROGRAM_OBJECTS) $(LIBRARY_OBJECTS) $(LLHTTP_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# the shared library exports leat_ only; in the static one everything else is made local, so nothing can clash
$(OUT)/libleat.so: $(LIBRARY_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libleat.so.0 -o $@ $^ $(shell pkg-config --libs $(LIBRARY_PACKAGES)) -pthread

$(OUT)/libleat.a: $(LIBRARY_OBJECTS)
	rm -f $@
	ld -r -o $(OBJ)/libleat.o $^
	objcopy --localize-hidden $(OBJ)/libleat.o
	ar rcs $@ $(OBJ)/libleat.o

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<

# the runtimes' own programs are carried inside (.incbin)
$(OBJ)/src/function/bootstrap.o: $(wildcard src/function/bootstrap/*)

# llhttp comes as source in Debian's node-llhttp package; its warnings are not ours
$(OBJ)/llhttp/%.o: $(LLHTTP)/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -w -c -o $@ $<

# everything but main, for programs that need a part of it
$(OBJ)/parts.a: $(filter-out %/cmd/main.o,$(PROGRAM_OBJECTS)) $(LIBRARY_OBJECTS) $(LLHTTP_OBJECTS)
	rm -f $@
	ar rcs $@ $^

# tests: in one program; criterion finds them and runs each in its own process
$(OUT)/test-unit: $(TEST_OBJECTS) $(OBJ)/parts.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcriterion -ljansson

test: $(OUT)/test-unit
	tools/run-unit $(OUT)/test-unit

# thousands of simulated lives of a trigger; longer by hand: build/sim/step --histories 1000000
$(OUT)/sim/step: $(patsubst %.c,$(OBJ)/%.o,$(wildcard tests/sim/*.c)) $(OBJ)/parts.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
sim: $(OUT)/sim/step
	$<

# programs that measure; see bench/
BENCH_SOURCES := $(wildcard bench/*.c)
.SECONDARY: $(BENCH_SOURCES:%.c=$(OBJ)/%.o)
bench: $(BENCH_SOURCES:bench/%.c=$(OUT)/bench/%)
$(OUT)/bench/%: $(OBJ)/bench/%.o $(OBJ)/parts.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# what tests/property/*.py drive
$(OUT)/tests/%: $(OBJ)/tests/property/%.o $(OBJ)/parts.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# what AWS has beside what leat declares; ./check fails when the file is not what is printed
$(OUT)/tools/%: $(OBJ)/tools/%.o $(OBJ)/parts.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
compatibility: $(OUT)/tools/compatibility
	$< tools/aws-operations >docs/COMPATIBILITY.md.new && mv docs/COMPATIBILITY.md.new docs/COMPATIBILITY.md

# one fuzzer a parser, each run for FUZZ_SECONDS; longer by hand: make fuzz FUZZ_SECONDS=3600
FUZZ_SECONDS ?= 5
FUZZ := build/fuzz
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(FUZZ)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_OBJECTS := $(patsubst %.c,$(FUZZ)/obj/%.o,$(LIBRARY_SOURCES) $(filter-out src/cmd/%,$(PROGRAM_SOURCES))) \
                $(patsubst %,$(FUZZ)/obj/llhttp/%.o,llhttp api http)
FUZZ_FLAGS := -std=gnu11 -pthread -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
              -fno-omit-frame-pointer -DARENA_MALLOC_EACH
fuzz: $(FUZZ_PROGRAMS)
	@for program in $^; do \
	    name=$${program##*/}; words=tests/fuzz/$$name.dict; mkdir -p $(FUZZ)/corpus/$$name; \
	    $$program -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 -artifact_prefix=$(FUZZ)/ \
	        $$([ -f $$words ] && echo -dict=$$words) $(FUZZ)/corpus/$$name >$(FUZZ)/$$name.log 2>&1 \
	        || { tail -40 $(FUZZ)/$$name.log; exit 1; }; \
	    echo "$$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' $(FUZZ)/$$name.log) inputs"; \
	done
$(FUZZ)/obj/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	clang $(CPPFLAGS) $(FUZZ_FLAGS) -w -c -o $@ $<
$(FUZZ)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	clang $(CPPFLAGS) $(FUZZ_FLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<
$(FUZZ_PROGRAMS): $(FUZZ)/%: $(FUZZ)/obj/tests/fuzz/%.o $(FUZZ_OBJECTS)
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 $(OUT)/leat $(DESTDIR)$(PREFIX)/bin/leat
	install -m 755 $(OUT)/libleat.so $(DESTDIR)$(PREFIX)/lib/libleat.so.0
	ln -sf libleat.so.0 $(DESTDIR)$(PREFIX)/lib/libleat.so
	install -m 644 $(OUT)/libleat.a $(DESTDIR)$(PREFIX)/lib/libleat.a
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@version@|$(VERSION)|' -e 's|@packages@|$(LIBRARY_PACKAGES)|' tools/leat.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/leat.pc
	install -m 644 include/leat.h include/leat_types.h $(DESTDIR)$(PREFIX)/include/

clean:
	rm -rf build

-include $(LIBRARY_OBJECTS:.o=.d) $(PROGRAM_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(BENCH_SOURCES:%.c=$(OBJ)/%.d) \
         $(FUZZ_OBJECTS:.o=.d) $(wildcard $(FUZZ)/obj/tests/fuzz/*.d $(OBJ)/tests/property/*.d $(OBJ)/tests/sim/*.d $(OBJ)/tools/*.d)
