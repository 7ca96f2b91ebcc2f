# Builds, installs and packages bypassio. docs/install.md tells more.
#
#     make                                       what is installed, below .build-static and .build-install, from .build/release
#     make install [PREFIX=/usr/local] [DESTDIR=]
#     make uninstall                             with the same PREFIX and DESTDIR
#     make man, make deb, make check-install

VERSION := $(shell sed -n 's/.*version: "\([0-9.]*\)".*/\1/p' Sources/bypassio/BypassioCommand.swift)
# Of the C library: programs linked against another number must be built anew.
ABI := 0

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/bypassio
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
# mount(8) looks for its helpers here, and nowhere else.
HELPERDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/sbin,/sbin)
# A folder below PREFIX where python3 looks, if it has one.
PYTHONDIR ?= $(shell python3 packaging/python-folder $(PREFIX))

# The built command may lie beside an object of the library that has its name.
MAKEFLAGS += --no-builtin-rules

SWIFT ?= swift
CC ?= cc
CFLAGS ?= -O2 -g
INSTALL ?= install
STRIP ?= strip

# The command with the Swift runtime in it, linked from the objects of a usual release build. Another
# built command can be named: make install BYPASSIO=PATH.
STATIC := .build-static
BYPASSIO ?= $(STATIC)/bypassio
BUILT := .build-install
SOURCES := $(shell find Sources -name '*.swift' -o -name '*.[ch]') Package.swift

LIBRARY := libbypassio.so.$(VERSION)
MAN_INPUTS := packaging/man $(wildcard packaging/manual/*.py packaging/pages/*) docs/mounting.md \
    docs/lab.md docs/exit-codes.md
LIBRARY_FLAGS := -std=c11 -Wall -Wextra -Werror -fPIC -ISources/CBypassIO/include

.PHONY: all man completions library install uninstall check-install deb clean
all: $(BYPASSIO) library man completions

$(STATIC)/bypassio: $(SOURCES) packaging/link-static packaging/nocurl.c
	$(SWIFT) build -c release --product bypassio
	packaging/link-static .build/release $@

man: $(BUILT)/man.made
$(BUILT)/man.made: $(BYPASSIO) $(MAN_INPUTS)
	rm -rf $(BUILT)/man
	mkdir -p $(BUILT)
	umask 022; python3 packaging/man --command $(BYPASSIO) --output $(BUILT)/man
	touch $@

completions: $(BUILT)/completions.made
$(BUILT)/completions.made: $(BYPASSIO)
	mkdir -p $(BUILT)/completions
	for shell in bash zsh fish; do \
	    $(BYPASSIO) --generate-completion-script $$shell >$(BUILT)/completions/$$shell || exit; \
	done
	touch $@

library: $(BUILT)/$(LIBRARY) $(BUILT)/libbypassio.a
$(BUILT)/bypassio.o: Sources/CBypassIO/bypassio.c Sources/CBypassIO/include/bypassio.h
	mkdir -p $(BUILT)
	$(CC) $(CFLAGS) $(LIBRARY_FLAGS) -c $< -o $@
$(BUILT)/libbypassio.a: $(BUILT)/bypassio.o
	rm -f $@
	$(AR) rcs $@ $<
$(BUILT)/$(LIBRARY): $(BUILT)/bypassio.o
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libbypassio.so.$(ABI) -Wl,-z,relro,-z,now $< -o $@

# SOURCE, with the names of this installation, to FILE.
filled = sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@BINDIR@|$(BINDIR)|g' \
    -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' $(1) >$(2) && chmod 644 $(2)

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(HELPERDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR) \
	    $(UNITDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR) $(DOCDIR)/examples $(PYTHONDIR)/bypassio)
	$(INSTALL) -m 755 $(BYPASSIO) $(DESTDIR)$(BINDIR)/bypassio
	$(STRIP) --strip-unneeded $(DESTDIR)$(BINDIR)/bypassio
	ln -sf $(BINDIR)/bypassio $(DESTDIR)$(HELPERDIR)/mount.bypassio
	ln -sf $(BINDIR)/bypassio $(DESTDIR)$(HELPERDIR)/mount.fuse.bypassio
	$(INSTALL) -m 644 Sources/CBypassIO/include/bypassio.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 644 $(BUILT)/libbypassio.a $(BUILT)/$(LIBRARY) $(DESTDIR)$(LIBDIR)
	$(STRIP) --strip-debug $(DESTDIR)$(LIBDIR)/libbypassio.a
	$(STRIP) --strip-unneeded $(DESTDIR)$(LIBDIR)/$(LIBRARY)
	ln -sf $(LIBRARY) $(DESTDIR)$(LIBDIR)/libbypassio.so.$(ABI)
	ln -sf libbypassio.so.$(ABI) $(DESTDIR)$(LIBDIR)/libbypassio.so
	$(call filled,packaging/bypassio.pc.in,$(DESTDIR)$(LIBDIR)/pkgconfig/bypassio.pc)
	$(call filled,packaging/bypassio.service.in,$(DESTDIR)$(UNITDIR)/bypassio@.service)
	for folder in $(BUILT)/man/*; do \
	    $(INSTALL) -d $(DESTDIR)$(MANDIR)/$${folder##*/} || exit; \
	    cp -P $$folder/* $(DESTDIR)$(MANDIR)/$${folder##*/} || exit; \
	done
	$(INSTALL) -m 644 $(BUILT)/completions/bash $(DESTDIR)$(BASHDIR)/bypassio
	$(INSTALL) -m 644 $(BUILT)/completions/zsh $(DESTDIR)$(ZSHDIR)/_bypassio
	$(INSTALL) -m 644 $(BUILT)/completions/fish $(DESTDIR)$(FISHDIR)/bypassio.fish
	$(INSTALL) -m 644 python/bypassio/*.py python/bypassio/py.typed $(DESTDIR)$(PYTHONDIR)/bypassio
	$(INSTALL) -m 644 README.md LICENSE CHANGELOG.md docs/*.md $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 Examples/reader.c Examples/reader.py packaging/example.conf \
	    $(DESTDIR)$(DOCDIR)/examples

# Neither configuration in /etc/bypassio nor folders that others use.
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/bypassio $(DESTDIR)$(HELPERDIR)/mount.bypassio \
	    $(DESTDIR)$(HELPERDIR)/mount.fuse.bypassio $(DESTDIR)$(INCLUDEDIR)/bypassio.h \
	    $(DESTDIR)$(LIBDIR)/libbypassio.* $(DESTDIR)$(LIBDIR)/pkgconfig/bypassio.pc \
	    $(DESTDIR)$(UNITDIR)/bypassio@.service $(DESTDIR)$(BASHDIR)/bypassio \
	    $(DESTDIR)$(ZSHDIR)/_bypassio $(DESTDIR)$(FISHDIR)/bypassio.fish
	rm -f $(DESTDIR)$(MANDIR)/man[1-8]/bypassio*.[1-8] $(DESTDIR)$(MANDIR)/man3/libbypassio.3 \
	    $(DESTDIR)$(MANDIR)/man8/mount.bypassio.8 $(DESTDIR)$(MANDIR)/man8/mount.fuse.bypassio.8
	rm -rf $(DESTDIR)$(PYTHONDIR)/bypassio $(DESTDIR)$(DOCDIR)

# Installs into an empty folder, tries what lies there, and takes it away again.
check-install: all
	packaging/check-install BYPASSIO=$(BYPASSIO)

deb: all
	packaging/deb BYPASSIO=$(BYPASSIO)

clean:
	rm -rf $(BUILT) $(STATIC)
