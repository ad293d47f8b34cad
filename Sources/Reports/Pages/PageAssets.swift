/// The style sheet and the script of a page. The script only adds to what is there: sorting and a switch of the theme.
enum PageAssets {
    static var style: String { ChartTheme.variables(on: "body") + ChartTheme.rules + layout }

    private static let layout = """
        html{color-scheme:light dark;scroll-behavior:smooth;scroll-padding-top:1rem}
        [data-theme=light]{color-scheme:light}[data-theme=dark]{color-scheme:dark}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:54rem;background:var(--paper);color:var(--ink);\
        font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:break-word}
        header{position:relative;padding-right:8rem}
        h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.02em;margin:0 0 .3rem}
        h2{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:3rem 0 .6rem;padding-top:1.2rem;\
        border-top:1px solid var(--grid)}
        p{margin:.6rem 0;max-width:44rem}
        a{color:var(--c1)}
        .subtitle,.note,figcaption,footer{color:var(--muted)}
        .subtitle{margin:0 0 1.4rem}
        .note,figcaption,footer{font-size:.875rem}
        footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--grid)}
        .skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.3rem .6rem;z-index:2}
        :focus-visible{outline:2px solid var(--c1);outline-offset:2px;border-radius:3px}
        button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
        .theme{position:absolute;right:0;top:.2rem;font-size:.8rem;color:var(--muted);border:1px solid var(--grid);\
        border-radius:99px;padding:.2rem .7rem}
        .contents{margin:1rem 0;font-size:.9rem}
        .contents summary{color:var(--muted);cursor:pointer}
        .contents ol{margin:.3rem 0;padding-left:1.4rem;columns:14rem auto}
        .contents a{text-decoration:none}.contents a:hover{text-decoration:underline}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem;margin:1.4rem 0}
        .card{border:1px solid var(--grid);border-radius:10px;padding:.8rem 1rem}
        .card.main{border-color:var(--c1);box-shadow:inset 0 3px 0 var(--c1)}
        .card dt{font-size:.8rem;color:var(--muted)}
        .card dd{margin:0}.card .value{font-size:1.75rem;line-height:1.25;font-weight:650;letter-spacing:-.02em;\
        font-variant-numeric:tabular-nums}
        .card .note{line-height:1.4;margin-top:.15rem;font-size:.8rem}
        .scroll{overflow-x:auto;margin:1rem 0}
        .report-table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4;font-variant-numeric:tabular-nums}
        .report-table caption{text-align:left;font-weight:600;padding:.2rem .6rem .5rem}
        .report-table th{text-align:left;vertical-align:bottom;font-weight:600;border-bottom:2px solid var(--axis)}
        .report-table th,.report-table td{padding:.38rem .6rem}
        .report-table td{border-bottom:1px solid var(--grid);min-width:4rem}
        .report-table td:not(.number):not(.center){min-width:8rem}
        .report-table tr.group td{border-top:2px solid var(--axis)}
        .report-table .number{text-align:right;white-space:nowrap}
        .report-table .center{text-align:center}
        .report-table .unit,.report-table .interval{color:var(--muted);font-weight:400;font-size:.92em}
        .report-table tbody tr:hover td{background:color-mix(in oklab,var(--c1) 6%,transparent)}
        .report-table th button{font-weight:600;text-align:inherit}
        .report-table th button::after{content:"↕";opacity:.3;padding-left:.3em;font-weight:400}
        .report-table th[aria-sort=ascending] button::after{content:"↑";opacity:1}
        .report-table th[aria-sort=descending] button::after{content:"↓";opacity:1}
        tr.best td{font-weight:650;background:color-mix(in oklab,var(--c1) 10%,transparent)}
        tr.best .interval{font-weight:400}
        tr.good td:first-child{box-shadow:inset 3px 0 0 var(--c3)}
        tr.warning td:first-child{box-shadow:inset 3px 0 0 var(--c2)}
        tr.faint td{color:var(--muted)}
        figure{margin:1.4rem -14px}
        figure svg{display:block;width:100%}
        .narrow{display:none}
        figcaption{max-width:44rem;margin:.3rem 14px 0}
        pre{overflow-x:auto;background:color-mix(in oklab,var(--ink) 5%,transparent);border-radius:8px;padding:.8rem 1rem;\
        font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        .notice{border-left:3px solid var(--c1);background:color-mix(in oklab,var(--c1) 8%,transparent);\
        padding:.6rem 1rem;border-radius:0 8px 8px 0}
        .notice.warning{border-color:var(--c2);background:color-mix(in oklab,var(--c2) 10%,transparent)}
        .fold{margin:1rem 0;border:1px solid var(--grid);border-radius:8px;padding:.5rem 1rem}
        .fold>summary{cursor:pointer;font-weight:600}
        @media (max-width:560px){
        body{padding:1.2rem 1rem 3rem}header{padding-right:0}h1{font-size:1.5rem}.theme{position:static;margin-bottom:.8rem}
        .wide{display:none}.narrow{display:block}
        .cards{grid-template-columns:1fr 1fr;gap:.6rem}.card .value{font-size:1.4rem}.card{padding:.6rem .8rem}
        }
        @media print{
        .theme,.contents,.skip{display:none}body{max-width:none;padding:0;font-size:11pt}
        figure,tr,.card{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}
        .wide{display:block}.narrow{display:none}
        }
        @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}

        """

    /// A click on a header sorts by it: first the direction that suits (numbers down, words up), then the other, then
    /// the order of the report. Cells without a number come last either way.
    static let script = """
        'use strict';
        for (const table of document.querySelectorAll('table.report-table')) {
          const body = table.tBodies[0], original = [...body.rows];
          if (original.length < 2) continue;
          [...table.tHead.rows[0].cells].forEach((head, column) => {
            const button = document.createElement('button');
            button.type = 'button';
            button.append(...head.childNodes);
            head.append(button);
            const number = row => parseFloat(row.cells[column].dataset.value);
            const numeric = original.some(row => !isNaN(number(row)));
            const order = numeric ? ['descending', 'ascending', null] : ['ascending', 'descending', null];
            button.addEventListener('click', () => {
              const next = order[(order.indexOf(head.getAttribute('aria-sort')) + 1) % 3];
              for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
              if (next) head.setAttribute('aria-sort', next);
              const sign = next === 'descending' ? -1 : 1;
              const rows = next ? [...original].sort((a, b) => {
                if (!numeric) return sign * a.cells[column].textContent.localeCompare(b.cells[column].textContent);
                const x = number(a), y = number(b);
                return isNaN(x) || isNaN(y) ? isNaN(x) - isNaN(y) : sign * (x - y);
              }) : original;
              body.append(...rows);
            });
          });
        }
        const theme = document.querySelector('.theme'), themes = ['auto', 'light', 'dark'];
        theme.hidden = false;
        theme.addEventListener('click', () => {
          const root = document.documentElement;
          const next = themes[(themes.indexOf(root.dataset.theme || 'auto') + 1) % 3];
          if (next === 'auto') delete root.dataset.theme; else root.dataset.theme = next;
          theme.textContent = 'Theme: ' + next;
        });
        if (matchMedia('(max-width:560px)').matches)
          for (const fold of document.querySelectorAll('.contents details')) fold.open = false;

        """
}
