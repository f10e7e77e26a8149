"""Writes expressions.json: templates and what Jinja2 3.1.6 renders from them, with the settings of chat templates."""
import json
import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
    x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


env.globals["raise_exception"] = raise_exception
DATA = {"s": "Hello, Wörld 😀!", "pad": "  x y  \n", "n": 7, "f": 2.5, "l": [3, 1, 2], "e": [], "d": {"b": 1, "a": {"c": [1, None, True]}},
        "m": [{"role": "user", "content": "hi", "k": 2}, {"role": "assistant", "content": None, "k": 1}, {"role": "user", "content": "Bye", "k": 3}], "z": None}
TEMPLATES = r'''
{{ s[0] }}{{ s[-1] }}{{ s[-2] }}|{{ s[1:4] }}|{{ s[:-3] }}|{{ s[::2] }}|{{ s[100:] }}|{{ s[5:1:-1] }}|{{ s | length }}
{{ l[0:2] }}{{ l[-1] }}{{ l[::-1] }}{{ l[5:] }}{{ l[-100:2] }}{{ (1, 2)[0] }}{{ (1,) }}{{ () }}{{ [1, "a'b", 'c"d', 'both\'"'] }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7.5 // 2 }} {{ 7 / 7 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ -2 ** 2 }} {{ 1 - 2 - 3 }} {{ 2 * 3 + 4 * 5 }} {{ 10 / 4 }}
{{ 1e16 }} {{ 1e15 }} {{ 123456789.125 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1e-7 }} {{ 3.0 }} {{ 1.5e300 }} {{ 0.1 + 0.2 }} {{ -0.0 }} {{ 100000.0 * 10 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ true == 1 }} {{ none == none }} {{ 'a' != 'b' }} {{ [1] == [1] }} {{ {'a': 1} == {'a': 1} }} {{ (1,) == [1] }}
{{ 'ell' in s }} {{ 'x' not in s }} {{ 1 in l }} {{ 'b' in d }} {{ 'c' in d }} {{ none in [none] }} {{ nope is defined }} {{ z is defined }} {{ z is none }} {{ nope is none }}
{{ nope }}|{{ nope ~ 'x' }}|{{ nope | default('dflt') }}|{{ z | default('dflt') }}|{{ z | default('dflt', true) }}|{{ nope | length }}|{{ nope | list }}|{{ d.nope }}|{{ d['nope'] }}
{{ not nope }} {{ nope or 'alt' }} {{ z and 1 }} {{ '' or none or 0 or 'last' }} {{ 'yes' if n > 5 else 'no' }} {{ 'only' if n > 50 }} {{ 1 if 0 else 2 if 0 else 3 }}
{{ 'a' ~ 1 ~ none ~ true ~ 2.0 ~ [1, 'b'] }} {{ "x" * 3 }} {{ 3 * "x" }} {{ [1, 2] * 2 }} {{ [1] + [2] }} {{ 'a' 'b' "c" }}
{{ s | upper }} {{ s | lower }} {{ 'hello world-foo (bar)' | title }} {{ 'hello world-foo (bar)'.title() }} {{ 'hELLO' | capitalize }} {{ 'Straße'.upper() }} {{ 'aBc'.swapcase() }}
[{{ pad | trim }}][{{ pad.strip() }}][{{ pad.lstrip() }}][{{ pad.rstrip() }}][{{ 'xxaxx'.strip('x') }}][{{ 'xyaxy'.lstrip('yx') }}][{{ '\n\na\n'.rstrip('\n') }}][{{ 'xxaxx' | trim('x') }}]
{{ 'a,b,,c'.split(',') }} {{ ' a  b c '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b c'.split(maxsplit=1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ 'abc'.split('x') }} {{ 'a\nb\r\nc'.splitlines() }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }}
{{ s.startswith('Hell') }} {{ s.endswith(('?', '!')) }} {{ s.find('W') }} {{ s.find('q') }} {{ s.rfind('l') }} {{ s.index('l') }} {{ s.count('l') }} {{ 'aaa'.count('aa') }} {{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ 'abc'.replace('', '-') }} {{ s | replace('o', '0') }}
{{ ', '.join(['a', 'b']) }} {{ ['a', 1, none] | join('-') }} {{ m | join(', ', attribute='role') }} {{ 'abc' | join('.') }} {{ '{} and {b}'.format(1, b='two') }} {{ '{{}}'.format() }} {{ '5'.zfill(3) }} {{ '-5'.zfill(4) }} [{{ 'ab'.ljust(4) }}] [{{ 'ab'.rjust(4) }}] [{{ 'ab'.center(5) }}] [{{ 'ab' | center(7) }}]
{{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'ab'.isalpha() }} {{ ' '.isspace() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }} {{ ''.isdigit() }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }}
{{ d.items() | list }} {{ d.keys() | list }} {{ d.values() | list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 5) }} {{ d | dictsort }} {{ d | items | list }} {{ d | length }} {{ d | list }} {{ {'items': 3}['items'] }}
{{ d.a.c[1] }} {{ d['a']['c'][2] }} {{ d.a.c[9] }} {{ d.a.c.0 }} {{ m[0]['role'] }} {{ m[-1].content }} {{ z.foo }} {{ 5.foo }}
{{ l | sort }} {{ l | sort(reverse=true) }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ m | sort(attribute='k') | map(attribute='k') | list }} {{ l | max }} {{ l | min }} {{ l | sum }} {{ m | sum(attribute='k') }} {{ l | first }} {{ l | last }} {{ e | first }} {{ [1, 2, 1, 'a', 'A'] | unique | list }} {{ l | reverse | list }} {{ 'abc' | reverse }}
{{ m | map(attribute='role') | list }} {{ ['a', 'b'] | map('upper') | list }} {{ m | selectattr('content') | map(attribute='content') | list }} {{ m | selectattr('role', '==', 'user') | list | length }} {{ m | rejectattr('role', 'equalto', 'user') | list }} {{ [1, 2, 3, 4] | select('even') | list }} {{ [1, 2, 3] | reject('odd') | list }} {{ [0, 1, ''] | select | list }} {{ m | map(attribute='nope', default='-') | list }} {{ m | selectattr('content', 'none') | list | length }} {{ [1, 5, 3] | select('gt', 2) | list }}
{% for role, items in m | groupby('role') %}{{ role }}={{ items | map(attribute='k') | list }};{% endfor %} {{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2, 3, 4, 5] | slice(2) | list }}
{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(-1) }} {{ 3.9 | int }} {{ -3.9 | int }} {{ '3.9' | int }} {{ '2.5' | float }} {{ 'x' | float }} {{ 2 | float }} {{ none | int }} {{ 'ff' | int(0, 16) }} {{ 2.567 | round(2) }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ 2.9 | round(0, 'floor') }} {{ -5 | abs }} {{ -2.5 | abs }}
{{ d | tojson }} {{ d | tojson(indent=2) }} {{ m | tojson(indent=4) }} {{ s | tojson }} {{ s | tojson(ensure_ascii=true) }} {{ 'q"\\\n\t\x01/é<' | tojson }} {{ [1.0, 1e20, 0.5] | tojson }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ [1, 2] | tojson(separators=(',', ':')) }} {{ {1: 2, none: 3, true: 4} | tojson }} {{ [[], {}, [[]]] | tojson(indent=1) }} {{ '\u2028\x7f' | tojson }}
{{ '%s is %d, %.2f%% %5s|%-5s|%05d %r %x' | format('a', 3.7, 1.005, 'b', 'c', 42, 'q', 255) }} {{ '%s' % 'x' }} {{ '%s-%s' % (1, 2) }} {{ '%(a)s' % {'a': 1} }}
{{ 'one two three four' | truncate(10) }} {{ 'one two three four' | truncate(10, true, '…', 0) }} {{ 'a\nb\n\nc' | indent(2) }} {{ 'a\nb' | indent(2, true) }} {{ 'a b  c' | wordcount }} {{ '<a href="x">&\'' | escape }} {{ 'a b/ü' | urlencode }} {{ (5 | string) ~ 5 }} {{ s | list | length }} {{ 'x' | safe }}
{{ range(5) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ range(0) | list }} {{ dict(a=1, b=[2]) }} {{ dict({'x': 1}, y=2) }} {{ loop is defined }}
{{ 4 is even }} {{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }} {{ 'a' is string }} {{ 1 is number }} {{ 1.5 is float }} {{ 1 is integer }} {{ true is integer }} {{ true is boolean }} {{ d is mapping }} {{ l is sequence }} {{ s is iterable }} {{ 1 is iterable }} {{ z is none }} {{ true is true }} {{ 1 is true }} {{ 'A' is upper }} {{ 'a' is lower }} {{ 2 is in [1, 2] }} {{ 1 is eq 1 }} {{ 1 is ne 1 }} {{ 1 is lt 2 }} {{ 2 is sameas 2 }} {{ n is not defined }} {{ not n is defined }} {{ range is callable }}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.cycle('a', 'b', 'c') }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }} {% endfor %}
{% for x in l if x > 1 %}{{ loop.index }}:{{ x }} {% else %}none{% endfor %}|{% for x in e %}x{% else %}empty{% endfor %}|{% for k, v in d.items() %}{{ k }}{% endfor %}|{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}|{% for c in 'aé😀' %}{{ c }}.{% endfor %}|{% for k in d %}{{ k }}{% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}{% for x in [1, 1, 2] %}{% if loop.changed(x) %}c{{ x }}{% endif %}{% endfor %}
{% set x = 1 %}{% for i in l %}{% set x = i %}{% endfor %}{{ x }} {% set ns = namespace(v=0, w='a') %}{% for i in l %}{% set ns.v = ns.v + i %}{% endfor %}{{ ns.v }}{{ ns.w }}{{ ns.q }} {% set a, b = 1, 2 %}{{ a }}{{ b }}{% if true %}{% set y = 5 %}{% endif %}{{ y }} {% set t = 1, 2 %}{{ t }}
{% set x %}cap {{ n }}{% endset %}[{{ x }}]{% set y | upper | trim %} low {% endset %}[{{ y }}]{% with q = 3, r = 4 %}{{ q }}{{ r }}{% endwith %}{{ q }}{% filter upper | replace('A', 'b') %}aaa{% endfilter %}
{% macro f(a, b='B', c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1) }}|{{ f(1, 2) }}|{{ f(a=3, c=4) }}|{{ f(1, 2, 3, 4) }}|{{ f(1, z=9) }}|{{ f(*[7, 8]) }}|{{ f(**{'a': 5}) }}{% macro g() %}<{{ caller('x') }}>{% endmacro %}{% call(v) g() %}in {{ v }}{% endcall %}|{{ f.name }}
{% macro tree(x) %}{% if x %}({{ x[0] }}{{ tree(x[1:]) }}){% endif %}{% endmacro %}{{ tree([1, 2, 3]) }}{% set outer = 'o' %}{% macro h() %}{{ outer }}{{ n }}{% endmacro %}{{ h() }}{% for i in [1] %}{% set outer = 'i' %}{{ h() }}{{ outer }}{% endfor %}
{% for x in [[1, [2]], [3]] recursive %}{{ x if x is number else '(' ~ loop(x) ~ ')' }}{% endfor %}
a {%- if true %} b {%- endif %} c {{- ' d ' -}} e {#- comment -#} f {# c #} g{% raw %}{{ not }} {% if %}{% endraw %}h {{ '{{' }} {{ '}}' }}
{% if n == 1 %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if n is defined and n %}d{% endif %}{% if e %}e{% elif not e %}f{% endif %}{% if m[0].role == 'user' and (m | length) > 2 %}g{% endif %}
{{ {'a': {'b': 1}}.a.b }} {{ {'a': {}} }} {{- {} -}} {{ [1, 2,] }} {{ {'a': 1,} }} {{ ('a') }} {{ ('a',) }} {{ 1, 2 }} {{ "\u00e9\x41\101\t\'\"" }} {{ 'a\qb' }} {{ 1_000 }}
{{ ((n + 1) | string) + 'x' }} {{ -n | abs }} {{ -n + 10 }} {{ n | float * 2 }} {{ not n == 7 }} {{ n in l or n == 7 }} {{ l | length > 2 }} {{ 'a' + 'b' | upper }} {{ ('a' + 'b') | upper }} {{ 1 ~ (2 + 3) }} {{ 2 * 3 ~ 4 }}
'''.strip("\n").split("\n")
BLOCKS = ["{% if true %}\n  a\n{% endif %}\nb\n", "x\n   {% set a = 1 %}   \n  {{ a }}\n\n", "  {%+ if true %}\n a\n  {%- endif +%}\n b\n\n\n", "a\n  {# c #}\n  b\n  {#- d -#}\n  c",
          "{% for x in l %}\n  {{ x }}\n  {% if x == 1 %}\n    one\n  {% endif %}\n{% endfor %}\nend\n", "a {% if true %} b {% endif %} c\n\t{% if true -%}\n\n  d\n{%- endif %}",
          "  {{ n }}  \n  {{- n -}}  \n", "\r\na\r\n{% if true %}\r\nb{% endif %}", "{% raw %}\n  {{ x }}\n{% endraw %}\n  {%- raw -%}  y  {%- endraw -%}  z", "{{ 'a\nb' }}\n{%\n  set q = [\n 1,\n 2] %}\n{{ q }}"]
ERRORS = ["{{ nope.x }}", "{{ nope() }}", "{{ nope + 1 }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{% for x in 5 %}{% endfor %}", "{{ raise_exception('no') }}", "{% if %}", "{{ 'a", "{% for x in l %}",
          "{% endif %}", "{{ l | nofilter }}", "{{ 1 is notest }}", "{{ }}", "{{ 1 2 }}", "{{ (1 }}", "{{ [1 }}", "{% set 1 = 2 %}", "{{ l.append(4) }}", "{{ d.update({'x': 1}) }}", "{{ 'a' < 1 }}",
          "{% unknown %}", "{# open", "{{ {'a' 1} }}", "{{ s.nomethod() }}", "{{ [].index(3) }}", "{{ nope | tojson }}", "{{ l[::0] }}", "{{ 'a'.split('') }}", "{{ range(1000000000) | list }}", "{% include 'x' %}",
          "{% set nope.x = 1 %}", "{% set a, b = 1, 2, 3 %}", "{{ 'abc'.join([1]) }}", "{{ '%d' | format('x') }}", "{{ () | max + 1 }}", "{% break %}x"]
out = []
for source in TEMPLATES + BLOCKS:
    try:
        out.append({"template": source, "expected": env.from_string(source).render(**DATA)})
    except Exception as e:
        print("error:", source, e)
for source in ERRORS:
    try:
        rendered = env.from_string(source).render(**DATA)
        print("no error:", source, rendered)
    except Exception:
        out.append({"template": source, "error": True})
json.dump({"data": DATA, "cases": out}, open("expressions.json", "w"), ensure_ascii=False, indent=0)
